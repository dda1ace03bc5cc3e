"""Importance sampling over whole episodes; for one step, inverse propensity scores."""

from __future__ import annotations

from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 1] ρ_{0:n} G of each episode, with ρ = π/b."""
    return (steps.weight * steps.gain)[:, None]


def estimate(values: Floats, method: Method) -> Estimated:
    """Return the mean over episodes; it is unbiased.

        V̂ = 1/E Σ_e ρ_{0:n} G_e

    Source: Precup, Sutton & Singh (2000); obp 0.5.7 InverseProbabilityWeighting; scope-rl 0.2.1
    TrajectoryWiseImportanceSampling.
    """
    return mean_of(values[:, 0])

"""Per-decision importance sampling: a reward is weighed by the steps before it alone."""

from __future__ import annotations

from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 1] Σ_t γ^t ρ_{0:t} r_t of each episode, by X_t = ρ_t (r_t + γ X_{t+1})."""
    return steps.backwards(steps.ratio * steps.reward, steps.tail)[:, None]


def estimate(values: Floats, method: Method) -> Estimated:
    """Return the mean over episodes; it is unbiased.

        V̂ = 1/E Σ_e Σ_t γ^t ρ_{0:t} r_t

    Source: Precup, Sutton & Singh (2000); scope-rl 0.2.1 PerDecisionImportanceSampling.
    """
    return mean_of(values[:, 0])

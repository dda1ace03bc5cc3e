"""Weighted per-decision importance sampling: at each time a mean weighted by ρ."""

from __future__ import annotations

from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 1] the value plus E times the influence of each episode."""
    times = steps.times
    assert times is not None
    moved = times.influence(steps.time, steps.cumulative, steps.whole_reward, steps.start)
    return (times.value + times.episodes * moved)[:, None]


def estimate(values: Floats, method: Method) -> Estimated:
    """Return the sum of the weighted means; its bias falls as 1/E.

        V̂ = Σ_t γ^t Σ_e ρ_{0:t} r_t / Σ_e ρ_{0:t}

    An episode that has ended keeps its weight, with rewards of 0.

    Source: Precup, Sutton & Singh (2000); scope-rl 0.2.1 SelfNormalizedPDIS.
    """
    return mean_of(values[:, 0])

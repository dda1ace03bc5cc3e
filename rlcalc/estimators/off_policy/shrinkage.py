"""Doubly robust with optimistic shrinkage, for episodes of one step."""

from __future__ import annotations

import math

from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 1] V̂(s) + ρ̂ (r − Q̂(s,a)) of each episode, ρ̂ = λρ/(ρ² + λ)."""
    ratio, by = steps.ratio, method.parameter
    if not math.isinf(by):
        ratio = by * ratio / (ratio**2 + by) if by else 0.0 * ratio
    return steps.of_one_step(ratio)[:, None]


def estimate(values: Floats, method: Method) -> Estimated:
    """Return the mean over episodes; with λ = ∞ it is `dr`, with λ = 0 the mean of V̂.

    Source: Su et al. (2020); obp 0.5.7 DoublyRobustWithShrinkage.
    """
    return mean_of(values[:, 0])

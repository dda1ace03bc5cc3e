"""Switch-DR for episodes of one step: large ratios are left to the model."""

from __future__ import annotations

import numpy as np

from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 1] V̂(s) + 1(ρ ≤ τ) ρ (r − Q̂(s,a)) of each episode."""
    weight = np.where(steps.ratio <= method.parameter, steps.ratio, 0.0)
    return steps.of_one_step(weight)[:, None]


def estimate(values: Floats, method: Method) -> Estimated:
    """Return the mean over episodes; with τ = ∞ it is `dr`, with τ = 0 the mean of V̂.

    Source: Wang, Agarwal & Dudík (2017); obp 0.5.7 SwitchDoublyRobust.
    """
    return mean_of(values[:, 0])

"""More robust doubly robust, for episodes of one step: Q̂ fitted to lower the error of `dr`."""

from __future__ import annotations

from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 1] V̂(s) + ρ (r − Q̂(s,a)) of each episode, with the Q̂ of `fitting_weight`."""
    return steps.of_one_step(steps.ratio, steps.robust)[:, None]


def estimate(values: Floats, method: Method) -> Estimated:
    """Return the mean over episodes.

    Source: Farajtabar, Chow & Ghavamzadeh (2018); obp 0.5.7 RegressionModel(fitting_method="mrdr").
    """
    return mean_of(values[:, 0])


def fitting_weight(target: Floats, behaviour: Floats) -> Floats:
    """Return [T] ω = π (1 − b) / b²: Q̂(s,a) = Σ ω r / Σ ω over the other half's steps.

    Where b is the same in all steps of a pair, Q̂ is the plain mean, and `mrdr` is `dr`.

    Args:
        target: [T] π(a_t|s_t).
        behaviour: [T] b(a_t|s_t).
    """
    return target * (1 - behaviour) / behaviour**2

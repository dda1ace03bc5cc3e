"""Certainty equivalence: the value of the policy in the model that all episodes show."""

from __future__ import annotations

from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 1] V(s_0) + E Σ_t w(s_t,a_t) (r_t + γ V(s_{t+1}) − Q(s_t,a_t)) of each episode.

    w(s,a) = d(s) π(a|s) / N(s,a), with the discounted visits d of the policy.
    """
    return (steps.first_value + steps.influence)[:, None]


def estimate(values: Floats, method: Method) -> Estimated:
    """Return V of the start in the model P̂ = N(s,a,s')/N(s,a), r̂ = R(s,a)/N(s,a).

    The residuals r + γV − Q of a pair sum to 0, so the mean over episodes is that value, and the
    distance of an episode from it is its influence.

    Source: Bradtke & Barto (1996); Newey (1994) for the influence; Sutton & Barto (2018), section
    6.3.
    """
    return mean_of(values[:, 0])

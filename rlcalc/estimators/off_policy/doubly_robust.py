"""Doubly robust: the values of a model, corrected by the weighed errors that the log shows."""

from __future__ import annotations

from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 1] X_0 of each episode, X_t = V̂(s_t) + ρ_t (r_t + γ X_{t+1} − Q̂(s_t,a_t)).

    After the end X is 0, after a cut V̂ of the state that follows, if that is known.
    """
    of = steps.fitted
    assert of is not None
    values = of.value + steps.ratio * (steps.reward - of.action_value)
    return steps.backwards(values, of.last_value)[:, None]


def estimate(values: Floats, method: Method) -> Estimated:
    """Return the mean over episodes; it is unbiased for any Q̂ if V̂ = Σ_a π Q̂.

        V̂ = 1/E Σ_e Σ_t γ^t [ρ_{0:t−1} V̂(s_t) + ρ_{0:t} (r_t − Q̂(s_t,a_t))]

    Q̂ is that of the model which the other half of the episodes shows (every second episode), so
    it is independent of the episode; or it is given.

    Source: Jiang & Li (2016), eq. 10; Dudík et al. (2014); obp 0.5.7 and scope-rl 0.2.1
    DoublyRobust.
    """
    return mean_of(values[:, 0])

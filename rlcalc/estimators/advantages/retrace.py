"""Retrace(λ), and what it shares with tree backup."""

from __future__ import annotations

import numpy as np

from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps
from rlcalc.estimators.traces import decayed_sum
from rlcalc.numerics.arrays import Floats


def estimate(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return advantages by the traces c_t = λ min(π/b, clip_c), see `corrected_returns`.

    Source: Munos et al. (2016); rlax 0.1.9 retrace.
    """
    assert steps.ratio is not None
    return corrected_returns(steps, request.lambda_ * np.minimum(steps.ratio, request.clip_c))


def corrected_returns(steps: CriticSteps, trace: Floats) -> Advantages:
    """Return A_t = G_t − V(s_t), where V is E_π Q; targets are G_t.

        G_t = r_t + γ [V(s_{t+1}) + c_{t+1} (G_{t+1} − Q(s_{t+1}, a_{t+1}))]

    The last step has r_n + γ V(s_{n+1}).

    Args:
        steps: with Q of each step.
        trace: [T] c_t.

    Source: rlax 0.1.9 general_off_policy_returns_from_q_and_v.
    """
    assert steps.action_value is not None
    nothing = np.zeros(len(trace))
    following = steps.following(trace, nothing)
    error = decayed_sum(steps.td_error, steps.gamma * following, steps.start)
    target = steps.action_value + error
    return Advantages(target - steps.value, target, following)

"""Generalised advantage estimation."""

from __future__ import annotations

from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps
from rlcalc.estimators.traces import decayed_sum


def estimate(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return GAE(λ); targets are A + V.

        A_t = δ_t + γλ A_{t+1},   δ_t = r_t + γ V(s_{t+1}) − V(s_t)

    Nothing crosses a trajectory's end.

    Source: Schulman et al. (2016), eq. 16; rlax 0.1.9 truncated_generalized_advantage_estimation.
    """
    decay = request.lambda_
    advantage = decayed_sum(steps.td_error, steps.gamma * decay, steps.start)
    return Advantages(advantage, advantage + steps.value, decay)

"""λ-returns."""

from __future__ import annotations

from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps
from rlcalc.estimators.traces import decayed_sum


def lambda_return(steps: CriticSteps, decay: float) -> Advantages:
    """Return A_t = G_t − V(s_t); targets are the λ-returns G_t.

        G_t = r_t + γ [(1 − λ) V(s_{t+1}) + λ G_{t+1}],   G_{n+1} = V(s_{n+1})

    Source: Sutton & Barto (2018), eq. 12.20; rlax 0.1.9 lambda_returns.
    """
    step = steps.reward + steps.gamma * (1 - decay) * steps.next_value
    tail = steps.next_value[steps.last]
    target = decayed_sum(step, steps.gamma * decay, steps.start, tail)
    return Advantages(target - steps.value, target, decay)


def estimate(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return advantages of λ-returns, see `lambda_return`."""
    return lambda_return(steps, request.lambda_)

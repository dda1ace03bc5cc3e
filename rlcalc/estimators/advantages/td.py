"""The TD error as an advantage."""

from __future__ import annotations

from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps


def estimate(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return A_t = δ_t = r_t + γ V(s_{t+1}) − V(s_t); targets are r_t + γ V(s_{t+1}).

    Source: Sutton & Barto (2018), eq. 6.5.
    """
    target = steps.reward + steps.gamma * steps.next_value
    return Advantages(target - steps.value, target, 0.0)

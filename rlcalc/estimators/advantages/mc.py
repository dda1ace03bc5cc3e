"""Monte Carlo advantages, bootstrapped only where a trajectory is cut."""

from __future__ import annotations

from rlcalc.estimators.advantages.lambda_return import lambda_return
from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps


def estimate(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return A_t = G_t − V(s_t), with G_t = r_t + γ G_{t+1} and V(s_{n+1}) after a cut.

    Source: Sutton & Barto (2018), eq. 3.9.
    """
    return lambda_return(steps, 1.0)

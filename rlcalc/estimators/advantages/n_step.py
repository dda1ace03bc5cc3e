"""n-step returns, bootstrapped."""

from __future__ import annotations

import numpy as np

from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps
from rlcalc.estimators.gain import k_step_sum


def estimate(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return A_t = G_t^(k) − V(s_t); targets are G_t^(k).

        G_t^(k) = r_t + γ r_{t+1} + ... + γ^{m−1} r_{t+m−1} + γ^m V(s_{t+m})

    with m = k, or the steps that are left where these are fewer.

    Source: Sutton & Barto (2018), eq. 7.1; rlax 0.1.9 n_step_bootstrapped_returns.
    """
    n = len(steps.reward)
    last = np.repeat(steps.last, np.diff(steps.start))
    ahead = np.minimum(np.arange(n) + min(request.k, n) - 1, last)
    taken = ahead - np.arange(n) + 1
    rewards = k_step_sum(steps.reward, steps.start, steps.gamma, request.k)
    target = rewards + steps.gamma**taken * steps.next_value[ahead]
    return Advantages(target - steps.value, target, 1.0)

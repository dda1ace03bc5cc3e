"""V-trace."""

from __future__ import annotations

import numpy as np

from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps
from rlcalc.estimators.traces import decayed_sum


def estimate(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return the advantages of V-trace's policy gradient; targets are its v_t.

        v_t = V(s_t) + e_t,   e_t = ρ_t δ_t + γ c_t e_{t+1}
        A_t = ρ_t (r_t + γ [λ v_{t+1} + (1 − λ) V(s_{t+1})] − V(s_t)),   v_{n+1} = V(s_{n+1})

    with ρ = min(π/b, clip_rho) and c = λ min(π/b, clip_c).

    Source: Espeholt et al. (2018), eq. 1; rlax 0.1.9 vtrace_td_error_and_advantage.
    """
    assert steps.ratio is not None
    rho = np.minimum(steps.ratio, request.clip_rho)
    trace = request.lambda_ * np.minimum(steps.ratio, request.clip_c)
    error = decayed_sum(rho * steps.td_error, steps.gamma * trace, steps.start)
    target = steps.value + error
    mixed = request.lambda_ * target[1:] + (1 - request.lambda_) * steps.next_value[:-1]
    after = steps.following(np.concatenate([target[:1], mixed]), steps.next_value)
    advantage = rho * (steps.reward + steps.gamma * after - steps.value)
    return Advantages(advantage, target, trace)

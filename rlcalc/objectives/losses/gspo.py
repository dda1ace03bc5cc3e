"""GSPO: PPO with one ratio for the whole rollout."""

from __future__ import annotations

import numpy as np

from rlcalc.objectives.convention import Objective
from rlcalc.objectives.losses.ppo import clipped
from rlcalc.objectives.terms import LossInput, Terms


def terms(tokens: LossInput, how: Objective) -> Terms:
    """Return GSPO's terms.

        s_i = exp( (1/L_i) Σ_t log ρ_it )
        ℓ_it = max(−A_it s_i, −A_it clip(s_i, 1−ε_low, 1+ε_high))
        ∂(Σ_t ℓ_it)/∂ log π_it = (s_i/L_i) Σ_u −A_iu where s_i itself was chosen

    verl writes s_it = sg(s_i) π_it/sg(π_it): the gradient is that of the token's own ℓ, −A_it s_i,
    which is the same where all tokens of a rollout have one advantage.

    Source: Zheng et al. (2025), 2507.18071; verl 0.9.1 `compute_policy_loss_gspo`.
    """
    log_ratio, clamped = how.clamped(tokens.sums(tokens.log_ratio) / tokens.length)
    ratio = tokens.each(np.exp(log_ratio))
    loss, gradient, region = clipped(ratio, tokens.advantage, how)
    lost = None if clamped is None else np.repeat(clamped, tokens.length)
    if lost is not None:
        gradient[lost] = 0.0
    if not how.straight_through:
        gradient = tokens.each(tokens.sums(gradient) / tokens.length)
    return Terms(loss, gradient, ratio, region, lost, whole=True)

"""GMPO: the geometric mean of the clipped ratios of a rollout."""

from __future__ import annotations

import numpy as np

from rlcalc.objectives.convention import Objective
from rlcalc.objectives.terms import CLIP_HIGH, CLIP_LOW, OUTSIDE, LossInput, Terms


def terms(tokens: LossInput, how: Objective) -> Terms:
    """Return GMPO's terms, of which all tokens of a rollout have the same.

        ℓ_i = −Ā_i exp( (1/L_i) Σ_t c_it ),  c_it = min(log ρ_it, ε_high) where A_it > 0,
                                                    max(log ρ_it, −ε_low) where A_it < 0, else 0
        ∂(Σ_t ℓ_i)/∂ log π_it = ℓ_i where c_it = log ρ_it, else 0

    The clip is one of log ρ. Ā_i is the mean advantage of the rollout's tokens.

    Source: Zhao et al. (2025), 2507.20673; verl 0.9.1 `compute_policy_loss_geo_mean`; TRL 1.16.0
    `GMPOTrainer._compute_loss`.
    """
    log_ratio, advantage = tokens.log_ratio, tokens.advantage
    over, under = log_ratio > how.high, log_ratio < -how.low
    clip_high, clip_low = over & (advantage > 0), under & (advantage < 0)
    kept = log_ratio.copy()
    kept[clip_high], kept[clip_low], kept[advantage == 0] = how.high, -how.low, 0.0
    divisor = tokens.length + how.epsilon
    mean = np.exp(tokens.sums(kept) / divisor)
    loss_of_rollout = -tokens.sums(advantage) / divisor * mean
    loss = tokens.each(loss_of_rollout)
    gradient = tokens.each(loss_of_rollout * tokens.length / divisor)
    region = np.where(over | under, np.int8(OUTSIDE), np.int8(0))
    region[clip_high], region[clip_low] = CLIP_HIGH, CLIP_LOW
    gradient[clip_high | clip_low | (advantage == 0)] = 0.0
    return Terms(loss, gradient, np.exp(log_ratio), region)

"""DPPO: tokens whose probability moved too far are left out; prime-rl's default."""

from __future__ import annotations

import numpy as np

from rlcalc.objectives.convention import Objective
from rlcalc.objectives.terms import CLIP_HIGH, CLIP_LOW, LossInput, Terms

KL_WEIGHT = 1e-3
"""prime-rl's `kl_tau`, the weight of (log ρ)²."""


def terms(tokens: LossInput, how: Objective) -> Terms:
    """Return DPPO's terms.

        ℓ = −A ρ 1[kept] + 0.001 (log ρ)²,  ∂ℓ/∂ log π = −A ρ 1[kept] + 0.002 log ρ

    A token is left out where A > 0 and π − π_old > ε_high, or A ≤ 0 and π − π_old < −ε_low.

    Source: 2602.04879; prime-rl 559b447 `default_loss_fn`.
    """
    log_ratio, advantage = tokens.log_ratio, tokens.advantage
    ratio = np.exp(log_ratio)
    moved = np.exp(tokens.log_prob) - np.exp(tokens.log_prob - log_ratio)
    over, under = (advantage > 0) & (moved > how.high), (advantage <= 0) & (moved < -how.low)
    policy = -advantage * ratio
    policy[over | under] = 0.0
    region = np.zeros(len(ratio), np.int8)
    region[over], region[under] = CLIP_HIGH, CLIP_LOW
    loss = policy + KL_WEIGHT * log_ratio**2
    return Terms(loss, policy + 2 * KL_WEIGHT * log_ratio, ratio, region)

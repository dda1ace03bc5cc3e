"""CISPO: the ratio is a weight that is clipped and has no gradient, so every token counts."""

from __future__ import annotations

import numpy as np

from rlcalc.objectives.convention import Objective
from rlcalc.objectives.terms import CLIP_HIGH, CLIP_LOW, LossInput, Terms


def terms(tokens: LossInput, how: Objective) -> Terms:
    """Return CISPO's terms.

        ℓ = −sg( clip(ρ, 1−ε_low, 1+ε_high) ) A log π,  ∂ℓ/∂ log π = −clip(ρ, 1−ε_low, 1+ε_high) A

    TRL clips at ε_high itself, and not from below. The regions clip low and clip high say that the
    weight was clipped; these tokens still have a gradient.

    Source: MiniMax-M1 (2025), 2506.13585, eq. 4; verl 0.9.1 `compute_policy_loss_cispo`.
    """
    ratio = np.exp(how.clamped(tokens.log_ratio)[0])
    low, high = (0.0, how.high) if how.absolute_high else (1.0 - how.low, 1.0 + how.high)
    weight = np.clip(ratio, low, high)
    gradient = -weight * tokens.advantage
    region = np.zeros(len(ratio), np.int8)
    region[ratio > high], region[ratio < low] = CLIP_HIGH, CLIP_LOW
    return Terms(gradient * tokens.log_prob, gradient, ratio, region)

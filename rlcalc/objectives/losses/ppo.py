"""PPO: the ratio is clipped where clipping makes the loss larger."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlcalc.numerics.arrays import Floats
from rlcalc.objectives.convention import Objective
from rlcalc.objectives.terms import (
    CLIP_HIGH,
    CLIP_LOW,
    DUAL_CLIP,
    OUTSIDE,
    LossInput,
    Terms,
)


def terms(tokens: LossInput, how: Objective) -> Terms:
    """Return PPO's terms.

        ℓ = max(−A min(ρ, δ), −A clip(ρ, 1−ε_low, 1+ε_high)), and where A < 0 at most −A c
        ∂ℓ/∂ log π = −A ρ where ρ itself was chosen, else 0

    c is the dual clip and δ TRL's upper bound of the unclipped ratio, both off by default.

    Source: Schulman et al. (2017), 1707.06347; dual clip: Ye et al. (2019), 1912.09729; verl 0.9.1
    `compute_policy_loss_vanilla`; TRL 1.16.0 `GRPOTrainer._compute_loss`.
    """
    log_ratio, clamped = how.clamped(tokens.log_ratio)
    ratio = np.exp(log_ratio)
    loss, gradient, region = clipped(ratio, tokens.advantage, how)
    if clamped is not None:
        gradient[clamped] = 0.0
        region[clamped] = np.where(tokens.log_ratio[clamped] > 0, CLIP_HIGH, CLIP_LOW)
    return Terms(loss, gradient, ratio, region, clamped)


def clipped(
    ratio: Floats, advantage: Floats, how: Objective
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Return [T] ℓ, ρ ∂ℓ/∂ρ and the region of each token.

    For A > 0 the loss is −A min(ρ, δ, 1+ε_high), for A < 0 it is −A clip(ρ, 1−ε_low, c).
    """
    low, high = 1.0 - how.low, 1.0 + how.high
    delta = np.inf if how.delta is None else how.delta
    dual = np.inf if how.dual_clip is None else how.dual_clip
    top = min(delta, high)
    ceiling = min(max(delta, high) if how.delta is not None else np.inf, dual)
    positive, negative = advantage > 0, advantage < 0
    over = ratio > top
    under = ratio < low
    above = ratio > ceiling
    clip_high, clip_low, dual_clip = positive & over, negative & under, negative & above
    bounded = ratio.copy()
    bounded[clip_high], bounded[clip_low], bounded[dual_clip] = top, low, ceiling
    loss = bounded * advantage
    np.negative(loss, out=loss)
    outside = under | (ratio > high)
    region = np.where(outside, np.int8(OUTSIDE), np.int8(0))
    gradient = loss.copy()
    for place, code in ((clip_high, CLIP_HIGH), (clip_low, CLIP_LOW), (dual_clip, DUAL_CLIP)):
        region[place] = code
        gradient[place] = 0.0
    return loss, gradient, region

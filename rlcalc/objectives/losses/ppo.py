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
        clamped &= (region == 0) | (region == OUTSIDE)  # no clip stops the others' gradient
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
    top = high if how.delta is None else min(how.delta, high)
    ceiling = np.inf if how.delta is None else max(how.delta, high)
    ceiling = ceiling if how.dual_clip is None else min(ceiling, how.dual_clip)
    loss = ratio * advantage
    np.negative(loss, out=loss)
    gradient = loss.copy()
    region = np.zeros(len(ratio), np.int8)
    far = np.flatnonzero((ratio < low) | (ratio > min(top, ceiling)))  # few: the rest is active
    at, of = ratio[far], advantage[far]
    codes = np.where((at < low) | (at > high), np.int8(OUTSIDE), np.int8(0))
    bound = at.copy()
    for chosen, code, limit in (
        ((of > 0) & (at > top), CLIP_HIGH, top),
        ((of < 0) & (at < low), CLIP_LOW, low),
        ((of < 0) & (at > ceiling), DUAL_CLIP, ceiling),
    ):
        codes[chosen], bound[chosen] = code, limit
    loss[far], region[far] = -bound * of, codes
    gradient[far] = np.where((codes == 0) | (codes == OUTSIDE), gradient[far], 0.0)
    return loss, gradient, region

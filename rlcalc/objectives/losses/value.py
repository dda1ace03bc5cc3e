"""The loss of a critic: half the squared error, clipped as PPO clips its ratio."""

from __future__ import annotations

import numpy as np

from rlcalc.objectives.convention import Objective
from rlcalc.objectives.terms import CLIP_HIGH, CLIP_LOW, LossInput, Terms


def terms(tokens: LossInput, how: Objective) -> Terms:
    """Return the terms of the value loss; the gradient is that by V, in reward units.

        ℓ = ½ max( (V − R)², (clip(V, V_old − ε, V_old + ε) − R)² )
        ∂ℓ/∂V = V − R where the first is the larger, else 0

    slime has 1 for ½. Without V_old nothing is clipped. ε is in reward units, whatever their scale.

    Source: verl 0.9.1 `compute_value_loss`; OpenRLHF 0.11.2 `ValueLoss`; AReaL 4aef98d
    `ppo_critic_loss_fn`; TRL 1.16.0 `PPOTrainer`; slime 624b824 `value_loss_function`.
    """
    assert tokens.value is not None
    assert tokens.target is not None
    error = tokens.value - tokens.target
    square, gradient = error * error, error
    region = np.zeros(len(error), np.int8)
    if tokens.old_value is not None and np.isfinite(how.value_clip):
        old = tokens.old_value
        near = np.clip(tokens.value, old - how.value_clip, old + how.value_clip) - tokens.target
        larger = near * near > square
        gradient = np.where(larger, 0.0, error)
        region[larger] = np.where(tokens.value[larger] > old[larger], CLIP_HIGH, CLIP_LOW)
        square = np.maximum(square, near * near)
    scale = how.value_scale
    return Terms(scale * square, 2.0 * scale * gradient, np.ones(len(error)), region)

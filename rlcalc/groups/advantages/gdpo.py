"""GDPO: normalises each reward function by itself, then adds them up."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.grpo import grpo
from rlcalc.groups.advantages.normalise import whitened
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import ScoredRollouts


def gdpo(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return the weighted sum of each function's GRPO advantages, whitened over the batch.

        A_i = whiten_B( Σ_k w_k z_ki ),      z_ki = (r_ki − μ_k) / (σ_k + ε)

    A function that gave a rollout no reward adds nothing to it.

    Args:
        scored: the rollouts, with the rewards of each function.
        how: ε, ddof, scale and leave-one-out of the z; whiten.

    Returns:
        [M] without a unit.

    Source: Liu et al. (2026), GDPO, arXiv 2601.05242.
    """
    total = np.zeros(len(scored))
    for name in scored.rewards:
        part = scored.only(name)
        if len(part):
            total[part.rollout] += scored.weights.get(name, 1.0) * grpo(part, how)
    return whitened(scored, total, how.whiten)

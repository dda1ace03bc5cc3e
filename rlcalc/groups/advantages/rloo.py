"""RLOO: the baseline is the mean reward of the other rollouts of the group."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import centred, divisor, quotient, whitened
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import ScoredRollouts


def rloo(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return how much better each reward is than the mean of the others in its group.

        A_i = r_i − Σ_{j≠i} r_j / (G − 1) = G/(G − 1) (r_i − μ)

    Args:
        scored: the rollouts.
        how: the advantage in groups of one, in which there are no others.

    Returns:
        [M] in reward units.

    Source: Ahmadian et al. (2024), Back to Basics, arXiv 2402.14740; Kool et al. (2019).
    """
    size = scored.size / np.maximum(scored.size - 1, 1)
    return centred(scored, how) * scored.each(size)


def rloo_scaled(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return RLOO's advantages divided by the standard deviation of the rewards.

        A_i = G/(G − 1) (r_i − μ) / (σ + ε)

    Args:
        scored: the rollouts.
        how: ε, ddof, whose σ divides, and the advantage in groups of one.

    Returns:
        [M] without a unit; in reward units with scale `none`.

    Source: ms-swift's `rloo` with `scale_rewards` group or batch.
    """
    left = rloo(scored, how)
    return left if how.scale == "none" else quotient(left, divisor(scored, how))


def rloo_whitened(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return RLOO's advantages, whitened over the batch.

        A_i = whiten_B( G/(G − 1) (r_i − μ) )

    Args:
        scored: the rollouts, with lengths where tokens are counted.
        how: whiten, and the advantage in groups of one.

    Returns:
        [M] without a unit.

    Source: TRL's RLOO with `normalize_advantages`.
    """
    return whitened(scored, rloo(scored, how), how.whiten)

"""RLOO: the baseline is the mean reward of the other rollouts of the group."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import centred
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

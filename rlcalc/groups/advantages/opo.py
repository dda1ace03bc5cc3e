"""OPO: the length-weighted baseline, of least variance if squared gradients grow with length."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import with_single_groups
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import ScoredRollouts


def opo(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return how much better each reward is than the length-weighted mean of its group.

        A_i = r_i − Σ_j L_j r_j / Σ_j L_j

    Args:
        scored: the rollouts, with lengths.
        how: the advantage in groups of one.

    Returns:
        [M] in reward units.

    Raises:
        InputError: a length is unknown.

    Source: Hao et al. (2025), On-Policy RL with Optimal Reward Baseline, arXiv 2505.23585.
    """
    length = scored.lengths("opo")
    first = scored.each(scored.reward[scored.start[:-1]])
    left = scored.reward - first
    weight = scored.total(length)
    baseline = scored.total(length * left) / np.where(weight > 0, weight, 1.0)
    return with_single_groups(scored, left - scored.each(baseline), how)

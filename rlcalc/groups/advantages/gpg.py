"""GPG: centred rewards, scaled up in batches where most rewards are 0."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import centred
from rlcalc.numerics.arrays import Floats, segment_sums
from rlcalc.rollouts import ScoredRollouts


def gpg(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return centred rewards divided by the batch's share of rewards that are not 0.

        A_i = α (r_i − μ),      α = N / max(1, #{r_j ≠ 0})

    Args:
        scored: the rollouts.
        how: the advantage in groups of one.

    Returns:
        [M] in reward units.

    Source: Chu et al. (2025), GPG, arXiv 2504.02546, with f_norm = 1.
    """
    not_0 = segment_sums((scored.reward != 0).astype(np.float64), scored.batch)
    alpha: Floats = np.diff(scored.batch) / np.maximum(not_0, 1.0)
    return centred(scored, how) * scored.each_of_batch(alpha)

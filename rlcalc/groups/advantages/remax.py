"""ReMax: the baseline is the reward of the greedy response."""

from __future__ import annotations

import numpy as np

from rlcalc.errors import InputError
from rlcalc.groups.advantages.convention import Convention
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import ScoredRollouts


def remax(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return how much better each reward is than that of the greedy response to the same prompt.

        A_i = r_i − b

    Args:
        scored: the rollouts, with baselines.
        how: not used.

    Returns:
        [M] in reward units.

    Raises:
        InputError: a baseline is missing.

    Source: Li et al. (2023), ReMax, arXiv 2310.10505.
    """
    if scored.baseline is None or np.isnan(scored.baseline).any():
        raise InputError(
            "remax needs the reward of the greedy response for each rollout",
            fix="name its column: --baseline COLUMN",
        )
    return scored.reward - scored.baseline

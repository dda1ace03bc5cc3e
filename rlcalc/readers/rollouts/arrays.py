"""Rewards as an array, a row a group → rollouts."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlcalc.errors import InputError
from rlcalc.rollouts import Rollouts


def rollouts_of_rewards(rewards: Any) -> Rollouts:
    """Return the rollouts of an array of rewards.

    Args:
        rewards: [groups, rollouts], in reward units; NaN where a group has fewer rollouts.

    Raises:
        InputError: a reward is no number, or there is none.
    """
    try:
        array = np.asarray(rewards, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the array holds {rewards.dtype}, expected numbers",
            "the array",
            "give rewards [groups, rollouts]",
        ) from error
    group, place = np.nonzero(~np.isnan(array))
    wrong = np.argwhere(np.isinf(array))
    if len(wrong) or not len(group):
        raise InputError(
            "a reward is infinite" if len(wrong) else "there are no rewards",
            f"the array, {wrong[0].tolist()}" if len(wrong) else "the array",
            "give finite numbers, and NaN where there is no rollout",
        )
    return Rollouts.from_arrays(group, array[group, place])

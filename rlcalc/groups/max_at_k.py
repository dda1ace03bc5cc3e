"""max@k: the expected highest reward of k answers, without bias, whatever the rewards are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints


def max_at_k(ascending: Floats, start: Ints, ks: Sequence[int]) -> Floats:
    """Return the mean, over all draws of k rollouts of a group, of their highest reward.

        max@k = Σ_i C(i − 1, k − 1) / C(n, k) · r_(i),      r_(1) ≤ r_(2) ≤ ... ≤ r_(n)

    Of the draws of k, C(i − 1, k − 1) have the i-th smallest reward as their highest.

    Args:
        ascending: [M] rewards, group after group, in rising order inside of each.
        start: [K + 1] where the groups begin, and the end; none is empty.
        ks: the values of k, J of them.

    Returns:
        [J, K] in the unit of the reward; NaN where n < k.
    """
    size = np.diff(start)
    best = np.full((len(ks), len(size)), np.nan)
    for n in np.flatnonzero(np.bincount(size)).tolist():
        chosen = np.flatnonzero(size == n)
        alike = len(chosen) == len(size)
        places = slice(None) if alike else (start[chosen][:, None] + np.arange(n)).reshape(-1)
        rewards = ascending[places].reshape(-1, n)
        lowest = rewards[:, :1]
        above = rewards - lowest  # equal rewards give that reward to the last bit
        for place, k in enumerate(ks):
            if k <= n:
                best[place, chosen] = lowest[:, 0] + above @ highest_chance(n, k)
    return best


def highest_chance(n: int, k: int) -> Floats:
    """Return [n] the chance that the i-th smallest of n is the highest of a draw of k.

    From the top: k/n for the highest, and (i − k)/(i − 1) times as much for each next one.
    """
    chance = np.zeros(n)
    share = k / n
    for i in range(n, k - 1, -1):
        chance[i - 1] = share
        if i > 1:
            share *= (i - k) / (i - 1)
    return chance

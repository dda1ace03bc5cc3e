"""pass@k and pass^k: the chance that one of k answers is right, or that all are, without bias."""

from __future__ import annotations

import numpy as np

from rlcalc.numerics.arrays import Flags, Floats, Ints

FEW, FACTORS = 64, 1 << 10
"""Below so many groups, so many factors are computed at a time."""


def is_success(reward: Floats, threshold: float) -> Flags:
    """Return whether a reward is at least the threshold, up to rounding: 0.7 + 0.2 + 0.1 ≥ 1."""
    return reward >= threshold - 1e-9 * max(1.0, abs(threshold))


def pass_at_k(size: Ints, right: Ints, k: int) -> Floats:
    """Return the chance that a draw of k rollouts, without replacement, holds a right one.

        pass@k = 1 − C(n − c, k) / C(n, k)

    Args:
        size: [K] n, rollouts of each group.
        right: [K] c, right rollouts of each group.
        k: rollouts in a draw.

    Returns:
        [K] chances; NaN where n < k.

    Source: Chen et al. (2021), Evaluating Large Language Models Trained on Code, eq. 1.
    """
    return 1.0 - all_wrong_chance(size, size - right, k)


def pass_all_k(size: Ints, right: Ints, k: int) -> Floats:
    """Return the chance that all of k rollouts, drawn without replacement, are right.

        pass^k = C(c, k) / C(n, k)

    Args:
        size: [K] n, rollouts of each group.
        right: [K] c, right rollouts of each group.
        k: rollouts in a draw.

    Returns:
        [K] chances; NaN where n < k.

    Source: Yao et al. (2024), τ-bench, section 3.
    """
    return all_wrong_chance(size, right, k)


def all_wrong_chance(size: Ints, wrong: Ints, k: int) -> Floats:
    """Return C(m, k) / C(n, k) = Π_{i<k} (m − i)/(n − i), for m wrong of n; NaN where n < k."""
    chance = np.ones(len(size))
    n_factors = min(k, int(size.max(initial=0)))
    rows = FACTORS if len(size) < FEW else 1
    for begin in range(0, n_factors, rows):
        i = np.arange(begin, min(begin + rows, n_factors))[:, None] if rows > 1 else begin
        factor = np.maximum(wrong - i, 0) / np.maximum(size - i, 1)
        if rows > 1:  # a large group has many: multiplied in order too, and at once
            chance = np.multiply.accumulate(np.vstack([chance, factor]), axis=0)[-1]
        else:
            chance *= factor
    return np.where(size >= k, chance, np.nan)

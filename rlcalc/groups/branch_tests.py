"""Tests of branches: is the mean reward of one side another than that of the other side?"""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rlcalc.numerics.arrays import Floats, Ints

MOST_CHOICES = 5_000
"""Ways to divide rewards of which a permutation test looks at every one."""
ROUNDING = 1e-9
"""Sums that differ by this share of the largest reward are equal."""
TIED = 1e-7
"""Tables whose probabilities differ by this share count as equally likely, as in R."""


def welch_p(difference: Floats, squared_error: Floats, other: Floats, n: Ints, m: Ints) -> Floats:
    """Return the two-sided p of Welch's test of two means.

        t = d / √(s²/n + z²/m), with Welch and Satterthwaite's degrees of freedom

    Args:
        difference: [J] d, of the means.
        squared_error: [J] s²/n of one side.
        other: [J] z²/m of the other side; not both are 0.
        n: [J] rollouts of the one side, at least 2.
        m: [J] of the other side.
    """
    from scipy.special import stdtr

    total = squared_error + other
    share = squared_error / total
    degrees = 1 / (share**2 / (n - 1) + (1 - share) ** 2 / (m - 1))
    p: Floats = 2 * stdtr(degrees, -np.abs(difference) / np.sqrt(total))
    return p


def permutation_p(one: Floats, other: Floats) -> float:
    """Return the exact two-sided p of a permutation test of two means.

    The share of the ways to choose the one side among all rewards whose mean is as far from the
    mean of all, or farther.
    """
    mean = np.concatenate([one, other]).mean()
    few, many = sorted((one - mean, other - mean), key=len)
    both = np.concatenate([few, many])
    sums = np.abs(both[_choices(len(both), len(few))].sum(axis=1))
    return float((sums >= abs(few.sum()) - ROUNDING * np.abs(both).max()).mean())


@cache
def _choices(n: int, m: int) -> NDArray[np.intp]:
    return np.array(list(combinations(range(n), m)))


def fisher_p(right: Ints, n: Ints, others_right: Ints, m: Ints) -> Floats:
    """Return the two-sided p of Fisher's exact test: Σ of the tables that are no more likely.

        P(k) = C(n, k) C(m, K − k) / C(n + m, K)

    Args:
        right: [J] of the n rollouts of one side that have the higher of two rewards.
        n: [J] rollouts of the one side.
        others_right: [J] of the m rollouts of the other side.
        m: [J] rollouts of the other side.
    """
    from scipy.special import gammaln

    def log_choose(of: int, k: Ints) -> Floats:
        return np.asarray(gammaln(of + 1) - gammaln(k + 1) - gammaln(of - k + 1), np.float64)

    tables, place = np.unique(
        np.stack([right, n, others_right, m], axis=1), axis=0, return_inverse=True
    )
    p = np.ones(len(tables))
    for number, (k, one, k_other, other) in enumerate(tables.tolist()):
        total = k + k_other
        every = np.arange(max(0, total - other), min(one, total) + 1)
        logarithm = log_choose(one, every) + log_choose(other, total - every)
        likely = np.exp(logarithm - logarithm.max())
        least = likely[k - every[0]] * (1 + TIED)
        p[number] = likely[likely <= least].sum() / likely.sum()
    return p[place.reshape(-1)]


def holm(p: Floats, family: Ints) -> Floats:
    """Return p values corrected by Holm's method within each family, in the order given.

        p'_(i) = max over j ≤ i of min(1, (n − j + 1) p_(j)), of the n in rising order

    Args:
        p: [J] none is missing.
        family: [J] the family of each.
    """
    order = np.lexsort([p, family])
    sizes = np.bincount(family) if len(family) else family
    begin = np.cumsum(sizes) - sizes
    of = family[order]
    rank = np.arange(len(p)) - begin[of]
    raised = np.minimum(1.0, (sizes[of] - rank) * p[order])
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(raised + 2.0 * of) - 2.0 * of
    return corrected

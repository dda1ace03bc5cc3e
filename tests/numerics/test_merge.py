"""Merging of summaries, and of tables whose keys differ."""

import numpy as np

from rlcalc.numerics.merge import merged, merged_mean
from rlcalc.numerics.moments import Moments


def test_parts_merge_in_their_order_and_no_part_is_nothing() -> None:
    """Key 2 is in both parts, keys 1 and 5 in one each."""
    first = Moments.of(np.array([1, 2]), np.array([0, 1, 2]), np.array([4.0, 1.0]))
    second = Moments.of(np.array([2, 5]), np.array([0, 1, 2]), np.array([3.0, 7.0]))
    whole = merged(iter([first, second]))

    assert whole is not None
    assert whole.key.tolist() == [1, 2, 5]
    assert whole.mean.tolist() == [4, 2, 7]
    assert whole.squares.tolist() == [0, 2, 0]
    none: list[Moments] = []
    assert merged(none) is None


def test_a_merged_mean_is_weighted_by_the_counts() -> None:
    n, m = np.array([1, 0]), np.array([3, 0])

    assert merged_mean(n, np.array([2.0, 0]), m, np.array([6.0, 0])).tolist() == [5, 0]

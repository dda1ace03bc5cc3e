"""Sums by key, and their quotients."""

import numpy as np

from rlcalc.policy_gradient.sums import ratio_of_sums, sum_by_key


def test_sums_and_quotients_by_hand() -> None:
    key = np.array([0, 2, 2])

    assert sum_by_key(key, np.array([1.0, 2.0, 3.5]), 3).tolist() == [1, 0, 5.5]
    assert sum_by_key(key, None, 3).tolist() == [1, 0, 2]
    assert ratio_of_sums(np.array([3.0, 1.0]), np.array([2.0, 0.0])).tolist() == [1.5, 0]

"""The longest quarter of rollouts, of which equal lengths share the edge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.groups.summary import in_longest_quarter
from rlcalc.rollouts import Rollouts


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(0, 100))
def test_the_longest_quarter_is_a_quarter_whatever_ties(lengths: list[int], seed: int) -> None:
    """Its parts add up to a quarter, do not depend on the order, and sort as lengths do.

    By another route: the places from the top, whose parts equal lengths share.
    """
    length = np.array(lengths, float)
    part = in_longest_quarter(length)
    shuffled = np.random.default_rng(seed).permutation(len(length))

    assert part.sum() == pytest.approx(len(length) / 4)
    assert part.min() >= 0
    assert part.max() <= 1
    np.testing.assert_allclose(in_longest_quarter(length[shuffled]), part[shuffled])
    ranked = np.clip(len(length) / 4 - np.arange(len(length)), 0, 1)  # of each place from the top
    ordered = np.sort(length)[::-1]
    expected = [ranked[ordered == one].mean() for one in length]
    np.testing.assert_allclose(part, expected, atol=1e-12)


def test_equal_lengths_share_the_longest_quarter() -> None:
    """Four of 5 tokens: each is a quarter of itself in it, so the share is a quarter."""
    assert in_longest_quarter(np.full(4, 5.0)).tolist() == [0.25] * 4
    assert in_longest_quarter(np.array([1.0, 9, 9, 3, 2, 1, 1, 1])).tolist() == [0, 1, 1, *[0] * 5]


def test_the_share_of_equal_lengths_is_a_quarter() -> None:
    rollouts = Rollouts.from_arrays(list("aabb"), [1, 0, 1, 0], length=[5, 5, 5, 5])
    facts = rlcalc.group(rollouts, rows="summary").facts

    assert facts["token_mean_share_of_longest_quarter"] == 0.25
    assert facts["sequence_mean_share_of_longest_quarter"] == 0.25

"""pass@k and pass^k are shares of all draws of k: one is right, or all are."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.pass_at_k import FEW, all_wrong_chance, is_success, pass_all_k, pass_at_k


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 9))
def test_it_is_an_enumeration(size: int, right: int, k: int) -> None:
    right = min(right, size)
    found = pass_at_k(np.array([size]), np.array([right]), k)[0]
    draws = list(combinations([1] * right + [0] * (size - right), k))
    if not draws:
        assert np.isnan(found)
        return

    np.testing.assert_allclose(found, np.mean([max(draw) for draw in draws]), atol=1e-12)


def test_the_factors_of_large_groups_are_multiplied_in_the_same_order() -> None:
    """A few large groups are computed at once, and many one factor after the other."""
    size = np.array([5000, 4000, 3])
    wrong = np.array([4990, 2000, 2])
    many = [np.repeat(column, FEW) for column in (size, wrong)]
    for k in (1, 3, 1500, 4500):
        np.testing.assert_array_equal(
            all_wrong_chance(size, wrong, k), all_wrong_chance(*many, k)[::FEW]
        )


def test_one_of_four_is_certain_with_four() -> None:
    """A bootstrap with replacement says 0.684."""
    assert pass_at_k(np.array([4]), np.array([1]), 4).tolist() == [1.0]
    assert pass_at_k(np.array([4]), np.array([1]), 1).tolist() == [0.25]


def test_rounding_does_not_make_an_answer_wrong() -> None:
    assert is_success(np.array([0.7 + 0.2 + 0.1, 1.0, 0.99]), 1.0).tolist() == [True, True, False]


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 9))
def test_pass_all_k_is_an_enumeration(size: int, right: int, k: int) -> None:
    right = min(right, size)
    found = pass_all_k(np.array([size]), np.array([right]), k)[0]
    draws = list(combinations([1] * right + [0] * (size - right), k))
    if not draws:
        assert np.isnan(found)
        return

    np.testing.assert_allclose(found, np.mean([min(draw) for draw in draws]), atol=1e-12)


@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 30))
def test_all_are_right_unless_one_is_wrong(size: int, right: int, k: int) -> None:
    """pass^k of the right answers is 1 − pass@k of the wrong ones."""
    n, c = np.array([size]), np.array([min(right, size)])

    np.testing.assert_allclose(pass_all_k(n, c, k), 1 - pass_at_k(n, n - c, k), atol=1e-12)


def test_three_of_four_are_all_right_in_half_of_the_pairs() -> None:
    assert pass_all_k(np.array([4]), np.array([3]), 2)[0] == 0.5

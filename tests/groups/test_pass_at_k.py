"""pass@k is the share of all draws of k that hold a right answer."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.pass_at_k import is_success, pass_at_k


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 9))
def test_it_is_an_enumeration(size: int, right: int, k: int) -> None:
    right = min(right, size)
    found = pass_at_k(np.array([size]), np.array([right]), k)[0]
    draws = list(combinations([1] * right + [0] * (size - right), k))
    if not draws:
        assert np.isnan(found)
        return

    np.testing.assert_allclose(found, np.mean([max(draw) for draw in draws]), atol=1e-12)


def test_one_of_four_is_certain_with_four() -> None:
    """A bootstrap with replacement says 0.684."""
    assert pass_at_k(np.array([4]), np.array([1]), 4).tolist() == [1.0]
    assert pass_at_k(np.array([4]), np.array([1]), 1).tolist() == [0.25]


def test_rounding_does_not_make_an_answer_wrong() -> None:
    assert is_success(np.array([0.7 + 0.2 + 0.1, 1.0, 0.99]), 1.0).tolist() == [True, True, False]

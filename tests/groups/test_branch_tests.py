"""Tests of branches: as scipy computes them."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, ttest_ind

from rlcalc.groups.branch_tests import fisher_p, holm, permutation_p, welch_p


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=1, max_size=5))
def test_fisher_is_that_of_scipy(tables: list[tuple[int, int, int, int]]) -> None:
    a, b, c, d = np.array(tables).T
    p = fisher_p(a, a + b, c, c + d)
    expected = [fisher_exact([[w, x], [y, z]])[1] for w, x, y, z in tables]
    np.testing.assert_allclose(p, expected, rtol=1e-9)


sides = st.lists(st.integers(-50, 50), min_size=2, max_size=9).filter(lambda v: len(set(v)) > 1)


@given(sides, sides)
def test_welch_is_that_of_scipy(one: list[int], other: list[int]) -> None:
    n, m = np.array([len(one)]), np.array([len(other)])
    errors = (np.array([np.var(side, ddof=1) / len(side)]) for side in (one, other))
    p = welch_p(np.array([np.mean(one) - np.mean(other)]), *errors, n, m)  # type: ignore[call-arg]
    np.testing.assert_allclose(p, ttest_ind(one, other, equal_var=False).pvalue, rtol=1e-9)


@given(*[st.lists(st.integers(-3, 3), min_size=1, max_size=5)] * 2)
def test_a_permutation_test_counts_the_choices(one: list[int], other: list[int]) -> None:
    both = one + other
    mean = Fraction(sum(both), len(both))
    sums = [abs(sum(side) - len(one) * mean) for side in combinations(both, len(one))]
    share = sum(total >= abs(sum(one) - len(one) * mean) for total in sums) / len(sums)
    assert permutation_p(np.array(one, float), np.array(other, float)) == pytest.approx(share)


def test_holm_multiplies_the_smallest_by_the_number_of_tests() -> None:
    p, family = np.array([0.04, 0.01, 0.03, 0.5, 0.2]), np.array([0, 0, 0, 1, 2])
    assert holm(p, family) == pytest.approx([0.06, 0.03, 0.06, 0.5, 0.2])
    assert len(holm(p[:0], family[:0])) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_that_of_its_definition(p: list[float]) -> None:
    rising = sorted(p)
    expected = [
        max(min(1.0, (len(p) - j) * rising[j]) for j in range(rising.index(one) + 1)) for one in p
    ]
    assert holm(np.array(p), np.zeros(len(p), int)) == pytest.approx(expected)

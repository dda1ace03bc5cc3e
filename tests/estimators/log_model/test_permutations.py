"""P of tables and of their sums: by permutation, by chi-square, and by more draws."""

import numpy as np
import pytest
from scipy import stats

from rlcalc.estimators.log_model import permutations
from rlcalc.estimators.log_model.permutations import TestSums, holm, noncentrality, sums_of_tables
from rlcalc.estimators.log_model.tables import Tables
from rlcalc.numerics.arrays import Ints


def sums(several: list[Tables], owner: list[int], n: int, draws: int) -> TestSums:
    rng = np.random.default_rng(0)
    return sums_of_tables(several, np.array(owner), n, draws, rng)


def table(count: Ints, number: int = 0) -> Tables:
    return Tables(np.array([number]), count[None])


def test_p_is_that_of_chi_square_where_no_expected_count_is_small() -> None:
    dense = table(np.array([[20, 30], [25, 15]]))
    answer = sums([dense], [0], 1, 99)
    found = stats.chi2_contingency(dense.count[0], correction=False)
    expected = stats.chi2.sf(found.statistic * 89 / 90, 1)  # X² (n − 1)/n

    assert answer.p[0] == answer.total_p == pytest.approx(expected)
    assert answer.dof.tolist() == [1]
    assert answer.g2[0] == pytest.approx(dense.statistic()[0])


def test_sums_of_several_tables_are_tested_together() -> None:
    """Two dense tables and a sparse one of one test: their draws and their chi-squares add up."""
    dense, sparse = np.array([[20, 30], [25, 15]]), np.array([[3, 0], [1, 3]])
    several = [Tables(np.array([0, 2, 1]), np.stack([dense, dense, sparse]))]
    answer = sums(several, [0, 0, 0], 1, 9999)
    compared = table(dense).compared()[0] * 2 + table(sparse).statistic()[0]
    rng = np.random.default_rng(1)
    drawn = table(sparse).drawn(50_000, rng)[0] + rng.chisquare(2, 50_000)

    assert answer.dof.tolist() == [3]
    assert answer.n.tolist() == [187]
    assert answer.p[0] == pytest.approx((drawn >= compared).mean(), abs=0.01)
    assert answer.total_p == pytest.approx(answer.p[0])


@pytest.mark.parametrize(
    ("rows", "columns"),
    [([120] * 7 + [1660], [490] * 5 + [50]), ([20, 300, 680], [60, 400, 540])],
)
def test_chi_square_holds_where_a_few_expected_counts_are_small(
    rows: list[int], columns: list[int]
) -> None:
    """Cochran's rule, from 1,000 steps on: 5 % are rejected at 5 %."""
    rng = np.random.default_rng(3)
    column = np.repeat(np.arange(len(columns)), columns)
    row = np.repeat(np.arange(len(rows)), rows)
    hits = 0
    for _ in range(2000):
        count = np.zeros((len(rows), len(columns)), np.int64)
        np.add.at(count, (row, rng.permutation(column)), 1)
        one = table(count)
        assert one.dense.all()
        hits += sums([one], [0], 1, 19).total_p <= 0.05

    assert 75 <= hits <= 127


def test_a_small_p_is_found_by_more_draws_where_there_are_many_tables() -> None:
    several = [np.array([[3, 3], [2, 4]])] * 60 + [np.array([[9, 0], [0, 9]])]
    tables = Tables(np.arange(61), np.stack(several))
    answer = sums([tables], list(range(61)), 61, 99)

    assert answer.p[-1] < 0.001
    assert holm(answer.p)[-1] < 0.05
    exact = 2 / 48620  # both tables on a diagonal, of all 18 over 9 deals
    assert answer.p[-1] == pytest.approx(exact, abs=6e-5)


def test_nothing_to_test_is_no_number() -> None:
    answer = sums([], [], 3, 99)

    assert np.isnan([*answer.p, answer.total_p]).all()


def test_holm_by_hand() -> None:
    corrected = holm(np.array([0.04, np.nan, 0.01, 0.03]))

    np.testing.assert_allclose(corrected, [0.06, np.nan, 0.03, 0.06])


def test_a_noncentrality_gives_the_power() -> None:
    for dof in (1, 4, 30):
        limit = stats.chi2.isf(permutations.LEVEL, dof)

        assert stats.ncx2.sf(limit, dof, noncentrality(dof)) == pytest.approx(0.9, abs=1e-6)

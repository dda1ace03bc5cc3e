"""Tables by hand, against scipy, and against permutations of the single steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlcalc.estimators.log_model import permutations
from rlcalc.estimators.log_model.permutations import (
    Tables,
    chi_square_tail,
    holm,
    noncentrality,
    p_of_tables,
    tables_of,
)
from rlcalc.numerics.arrays import Floats, Ints

COUNTS = st.integers(2, 4).flatmap(
    lambda rows: st.integers(2, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(0, 9), min_size=columns, max_size=columns),
            min_size=rows, max_size=rows,
        )
    )
).map(np.array).filter(lambda t: bool(t.sum(axis=0).all() and t.sum(axis=1).all()))  # fmt: skip


def table(count: Ints) -> Tables:
    return Tables(np.zeros(1, np.int64), count[None])


def test_two_by_two_by_hand() -> None:
    """All of the 4 on the diagonal: G² = 2 · 4 ln 2, X² = 4, dof 1; one deal in 3 is as far."""
    one = table(np.array([[2, 0], [0, 2]]))
    drawn = one.drawn(20_000, np.random.default_rng(1))[0]

    np.testing.assert_allclose(one.statistic(), 8 * np.log(2))
    np.testing.assert_allclose(one.pearson(), 4)
    assert one.dof == 1
    assert (drawn > 5).mean() == pytest.approx(1 / 3, abs=0.02)


@given(COUNTS)
def test_statistics_are_those_of_scipy(count: Ints) -> None:
    one = table(count)
    for name, own in (("log-likelihood", one.statistic()), ("pearson", one.pearson())):
        found = stats.chi2_contingency(count, lambda_=name, correction=False)

        assert own[0] == pytest.approx(found.statistic, abs=1e-9)
        assert one.dof == found.dof
        assert chi_square_tail(own, one.dof)[0] == pytest.approx(found.pvalue, abs=1e-6)


def test_drawn_tables_are_permutations_of_the_single_steps() -> None:
    """Two samples of 4,000 statistics, from margins and from shuffled steps: no difference."""
    rng = np.random.default_rng(3)
    count = np.array([[5, 1, 0], [2, 6, 1], [0, 2, 4]])
    row, column = (np.repeat(places, count.ravel()) for places in np.indices((3, 3)).reshape(2, 9))
    shuffled = []
    for _ in range(4000):
        dealt = np.zeros((3, 3), np.int64)
        np.add.at(dealt, (row, rng.permutation(column)), 1)
        shuffled.append(table(dealt).statistic()[0])
    drawn = table(count).drawn(4000, rng)[0]

    assert stats.ks_2samp(np.round(drawn, 6), np.round(shuffled, 6)).pvalue > 0.01


@given(COUNTS, st.integers(0, 99))
def test_rows_and_columns_change_nothing_by_their_order(count: Ints, seed: int) -> None:
    rng = np.random.default_rng(seed)
    moved = count[rng.permutation(len(count))][:, rng.permutation(count.shape[1])]

    np.testing.assert_allclose(table(moved).statistic(), table(count).statistic(), atol=1e-9)
    assert table(moved).drawn(3, rng).shape == (1, 3)


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3, st.integers(1, 5)), min_size=1, max_size=30))
def test_tables_hold_the_counts_of_their_groups(rows: list[tuple[int, int, int, int]]) -> None:
    group, row, column, count = map(np.array, zip(*rows, strict=True))
    for tables in tables_of(group, row, column, count):
        for number, one in zip(tables.number, tables.count, strict=True):
            here = group == number
            by_row = sorted(count[here & (row == r)].sum() for r in set(row[here].tolist()))

            assert sorted(one.sum(axis=1).tolist()) == by_row
            assert one.sum() == count[here].sum()
            assert min(one.shape) > 1


def test_the_rarest_of_many_names_are_one() -> None:
    group = np.zeros(40, np.int64)
    row = np.arange(40) % 20
    (one,) = tables_of(group, row, np.arange(40) // 20, np.where(row < 7, 9, 1))

    assert one.count.shape == (1, 8, 2)
    assert one.count[0].sum(axis=1).tolist() == [18] * 7 + [26]


def test_rewards_are_scored_and_their_squares_are_those_of_an_analysis_of_variance() -> None:
    value = np.array([1.0, 2, 4, 1, 5, 6])
    row = np.array([0, 0, 0, 1, 1, 1])
    (one,) = tables_of(np.zeros(6, np.int64), row, row, np.ones(6, np.int64), value)
    between = 3 * np.square([7 / 3 - 19 / 6, 4 - 19 / 6]).sum()
    whole = ((value - value.mean()) ** 2).sum()
    f = between / ((whole - between) / 4)

    np.testing.assert_allclose(one.statistic(), between)
    assert f == pytest.approx(stats.f_oneway(value[:3], value[3:]).statistic)
    assert one.dof == 1
    (drawn,) = one.drawn(20_000, np.random.default_rng(0))
    every = permutation_squares(value)
    assert (drawn >= between - 1e-9).mean() == pytest.approx(
        (every >= between - 1e-9).mean(), abs=0.02
    )


def permutation_squares(value: Floats) -> Floats:
    from itertools import combinations

    found = []
    for chosen in combinations(range(6), 3):
        first = value[list(chosen)]
        rest = np.delete(value, list(chosen))
        found.append(3 * ((first.mean() - value.mean()) ** 2 + (rest.mean() - value.mean()) ** 2))
    return np.array(found)


def test_many_rewards_are_in_groups_of_about_one_size() -> None:
    rng = np.random.default_rng(2)
    group, value = np.repeat([0, 1], 160), rng.normal(size=320)
    tables = list(tables_of(group, rng.integers(0, 2, 320), group, np.ones(320, np.int64), value))

    assert sum(len(one.number) for one in tables) == 2
    for one in tables:
        assert one.count.shape[1:] == (2, 16)
        assert (one.count.sum(axis=1) == 10).all()
        np.testing.assert_allclose((one.count.sum(axis=1) * one.score).sum(axis=1), 0, atol=1e-9)  # type: ignore[operator]


def test_p_is_that_of_chi_square_where_no_expected_count_is_small() -> None:
    dense = table(np.array([[20, 30], [25, 15]]))
    answer = p_of_tables([dense], 1, 99, np.random.default_rng(0))
    found = stats.chi2_contingency(dense.count[0], lambda_="log-likelihood", correction=False)

    assert answer.p[0] == answer.total_p == pytest.approx(found.pvalue)


def test_a_small_p_is_found_by_more_draws_where_there_are_many_tables() -> None:
    rng = np.random.default_rng(0)
    several = [np.array([[3, 3], [2, 4]])] * 60 + [np.array([[9, 0], [0, 9]])]
    tables = Tables(np.arange(61), np.stack(several))
    answer = p_of_tables([tables], 61, 99, rng)

    assert answer.p[-1] < 0.001
    assert holm(answer.p)[-1] < 0.05
    exact = 2 / 48620  # both tables on a diagonal, of all 18 over 9 deals
    assert answer.p[-1] == pytest.approx(exact, abs=6e-5)


def test_nothing_to_test_is_no_number() -> None:
    answer = p_of_tables([], 3, 99, np.random.default_rng(0))

    assert np.isnan([*answer.p, answer.total_p]).all()


def test_holm_by_hand() -> None:
    corrected = holm(np.array([0.04, np.nan, 0.01, 0.03]))

    np.testing.assert_allclose(corrected, [0.06, np.nan, 0.03, 0.06])


def test_a_noncentrality_gives_the_power() -> None:
    for dof in (1, 4, 30):
        limit = stats.chi2.isf(permutations.LEVEL, dof)

        assert stats.ncx2.sf(limit, dof, noncentrality(dof)) == pytest.approx(0.9, abs=1e-6)

"""Tables by hand, against scipy, and against permutations of the single steps."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlcalc.estimators.log_model.permutations import chi_square_tail
from rlcalc.estimators.log_model.tables import NormalTables, Tables, tables_of
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
    np.testing.assert_allclose(one.effect(), [[4], [4]])
    assert one.dof.tolist() == [1]
    assert (drawn > 5).mean() == pytest.approx(1 / 3, abs=0.02)


@given(COUNTS)
def test_statistics_are_those_of_scipy(count: Ints) -> None:
    one = table(count)
    for name, own in (("log-likelihood", one.statistic()), ("pearson", one.effect()[0])):
        found = stats.chi2_contingency(count, lambda_=name, correction=False)

        assert own[0] == pytest.approx(found.statistic, abs=1e-9)
        assert one.dof.tolist() == [found.dof]
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

    np.testing.assert_allclose(one.statistic(), 5 * between / whole)
    assert f == pytest.approx(stats.f_oneway(value[:3], value[3:]).statistic)
    assert one.dof.tolist() == [1]
    drawn = one.drawn(20_000, np.random.default_rng(0))[0] * whole / 5
    every = permutation_squares(value)
    share = (every >= between - 1e-9).mean()
    assert (drawn >= between - 1e-9).mean() == pytest.approx(share, abs=0.02)


def permutation_squares(value: Floats) -> Floats:
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


def test_the_mean_of_the_drawn_statistics_of_rewards_is_their_degrees_of_freedom() -> None:
    """(n − 1) η²: exactly, however few the steps are."""
    rng = np.random.default_rng(5)
    row, value = np.array([0, 0, 1, 1, 1, 2, 2]), rng.normal(size=7)
    (one,) = tables_of(np.zeros(7, np.int64), row, row, np.ones(7, np.int64), value)
    normal = NormalTables(np.zeros(1, np.int64), np.array([7]), np.array([2]), np.array([0.5]))

    assert one.drawn(40_000, rng).mean() == pytest.approx(2, abs=0.04)
    assert normal.drawn(40_000, rng).mean() == pytest.approx(2, abs=0.04)
    assert normal.statistic().tolist() == normal.compared().tolist() == [3.0]


def test_normal_rewards_are_drawn_as_the_f_distribution_says() -> None:
    normal = NormalTables(np.zeros(1, np.int64), np.array([12]), np.array([2]), np.array([0.5]))
    f = (0.5 / 2) / (0.5 / 9)
    drawn = normal.drawn(50_000, np.random.default_rng(0))

    assert (drawn >= normal.statistic()).mean() == pytest.approx(stats.f.sf(f, 2, 9), abs=0.005)


def test_the_mean_of_the_compared_statistic_is_its_degrees_of_freedom() -> None:
    """X² (n − 1)/n, over shuffled steps; so sums over thousands of tables are not biased."""
    rng = np.random.default_rng(7)
    row, column = np.repeat([0, 1], [4, 8]), np.repeat([0, 1, 2], [6, 4, 2])
    found = []
    for _ in range(6000):
        count = np.zeros((2, 3), np.int64)
        np.add.at(count, (row, rng.permutation(column)), 1)
        found.append(table(count).compared()[0])

    assert np.mean(found) == pytest.approx(2, abs=0.08)

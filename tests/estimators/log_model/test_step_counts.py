from collections import defaultdict
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.estimators.log_model import step_counts
from rlcalc.estimators.log_model.step_counts import CountedSteps, StepCounts

Row = tuple[int, int, float]
ROWS = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(0, 2), st.floats(-50, 50, width=32)), min_size=1
)


def of(rows: list[Row]) -> CountedSteps:
    first, second, reward = zip(*rows, strict=True)
    return CountedSteps.of([np.array(first), np.array(second)], np.array(reward))


def plain(rows: list[Row], *kept: int) -> dict[tuple[int, ...], list[float]]:
    """The rewards of each group, in a dictionary."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(int(row[place]) for place in kept)].append(row[2])
    return dict(sorted(groups.items()))


def same(steps: CountedSteps, groups: dict[tuple[int, ...], list[float]]) -> None:
    assert list(zip(*(code.tolist() for code in steps.codes), strict=True)) == list(groups)
    assert steps.count.tolist() == list(map(len, groups.values()))
    np.testing.assert_allclose(steps.mean, [np.mean(g) for g in groups.values()], atol=1e-9)
    squares = [np.var(g) * len(g) for g in groups.values()]
    np.testing.assert_allclose(steps.squares, squares, atol=1e-8)


def test_three_steps_by_hand() -> None:
    steps = of([(0, 1, 2.0), (0, 0, 5.0), (0, 1, 4.0)])

    assert [code.tolist() for code in steps.codes] == [[0, 0], [0, 1]]
    assert steps.count.tolist() == [1, 2]
    assert steps.mean.tolist() == [5.0, 3.0]
    assert steps.squares.tolist() == [0.0, 2.0]


@given(ROWS)
def test_counts_are_those_of_a_dictionary(rows: list[Row]) -> None:
    same(of(rows), plain(rows, 0, 1))
    same(of(rows).grouped(1), plain(rows, 1))


@given(ROWS, st.data())
def test_pieces_merge_to_the_counts_of_the_whole(rows: list[Row], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(1, len(rows)), max_size=6)))
    edges = sorted({0, *cuts, len(rows)})
    total = None
    for first, last in pairwise(edges):
        part = StepCounts((of(rows[first:last]),))
        total = part if total is None else total.merge(part)
    assert total is not None
    same(total.total, plain(rows, 0, 1))


@given(st.floats(-1e9, 1e9), st.integers(2, 40))
def test_equal_rewards_have_no_spread_at_all(reward: float, n: int) -> None:
    """Not 1e-30: whether a reward is certain is read off it."""
    rows = [(0, 0, reward)] * n
    total = StepCounts((of(rows),)).merge(StepCounts((of(rows[:1]),)))

    assert total.total.squares.tolist() == [0.0]
    assert total.total.mean.tolist() == [reward]


def test_codes_too_wide_for_one_number_are_sorted_by_each() -> None:
    wide = np.array([1 << 40, 0, 1 << 40, 5])
    steps = CountedSteps.of([wide, wide[::-1]], np.arange(4.0))

    assert steps.codes[0].tolist() == sorted(wide.tolist())
    assert step_counts._order([wide, wide], runs=False).tolist() == [1, 3, 0, 2]

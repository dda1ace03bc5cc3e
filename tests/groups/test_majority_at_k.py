"""maj@k is the mean, over all draws of k answers, of whether the most frequent one is right."""

from collections import Counter
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.majority_at_k import MOST, distinct_rows, majority_at_k, winning_chances

rollouts = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=7)


def found_for(group: list[tuple[int, bool]], ks: list[int]) -> list[float]:
    answer, right = (np.array(column) for column in zip(*group, strict=True))
    found: list[float] = majority_at_k(answer, right, np.array([0, len(group)]), ks)[:, 0].tolist()
    return found


def enumerated(group: list[tuple[int, bool]], k: int) -> float:
    right: dict[int, list[bool]] = {}
    for answer, is_right in group:
        right.setdefault(answer, []).append(is_right)
    won = []
    for draw in combinations([answer for answer, _ in group], k):
        times = Counter(draw)
        first = [answer for answer, n in times.items() if n == max(times.values())]
        won.append(np.mean([np.mean(right[answer]) for answer in first]))
    return float(np.mean(won)) if won else np.nan


def test_an_example_on_paper() -> None:
    """a a b, a right: one draw of 2 is aa, two are a tie: (1 + 1/2 + 1/2)/3; of 3 a wins."""
    group = [(0, True), (0, True), (1, False)]

    assert found_for(group, [1, 2, 3]) == pytest.approx([2 / 3, 2 / 3, 1])


@given(st.lists(rollouts, min_size=1, max_size=4))
def test_it_is_an_enumeration(groups: list[list[tuple[int, bool]]]) -> None:
    answer, right = (np.array(column) for column in zip(*chain(*groups), strict=True))
    found = majority_at_k(answer, right, np.cumsum([0, *map(len, groups)]), [1, 2, 3, 4, 7])
    for row, k in enumerate([1, 2, 3, 4, 7]):
        wanted = [enumerated(group, k) for group in groups]
        assert found[row].tolist() == pytest.approx(wanted, nan_ok=True)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.data())
def test_some_answer_wins(times: list[int], data: st.DataObject) -> None:
    times = sorted(times, reverse=True)
    k = data.draw(st.integers(1, max(1, sum(times) - 1)))
    if k < sum(times):
        won = winning_chances(np.array([times]), k)[0]

        assert won.sum() == pytest.approx(1)
        assert (np.diff(won) <= 1e-12).all()


@given(st.integers(2, 60), st.data())
def test_answers_that_all_differ_are_drawn_alike(n: int, data: st.DataObject) -> None:
    """Then the majority is any of them: maj@k is pass@1."""
    right = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    k = data.draw(st.integers(1, n))

    assert found_for(list(enumerate(right)), [k]) == pytest.approx([np.mean(right)])


def test_large_groups_agree_with_a_simulation() -> None:
    """200 answers of 6 kinds, 64 of them drawn 20,000 times."""
    random = np.random.default_rng(3)
    answer = random.choice(6, 200, p=[0.24, 0.22, 0.2, 0.14, 0.1, 0.1])
    found = found_for([(int(a), bool(a == 1)) for a in answer], [64])[0]
    draws = np.array([random.permutation(answer)[:64] for _ in range(20_000)])
    times = np.stack([(draws == a).sum(axis=1) for a in range(6)], axis=1)
    first = times == times.max(axis=1)[:, None]
    won = first[:, 1] / first.sum(axis=1)

    assert abs(found - won.mean()) < 4 * won.std() / len(won) ** 0.5


def test_a_draw_that_is_too_large_is_not_known() -> None:
    group = [(0, True), (1, False)] * MOST

    assert np.isnan(found_for(group, [MOST + 1])[0])
    assert found_for([*group, (0, True)], [2 * MOST + 1]) == [1.0]


@given(st.lists(st.lists(st.integers(1, 2), min_size=3, max_size=3), min_size=1, max_size=9))
def test_distinct_rows_give_the_rows_back(rows: list[list[int]]) -> None:
    matrix = np.array(rows)
    different, which = distinct_rows(matrix)

    assert np.array_equal(different[which], matrix)
    assert len(different) == len({*map(tuple, rows)})

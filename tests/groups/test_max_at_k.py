"""max@k is the mean, over all draws of k rewards, of the highest."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.max_at_k import highest_chance, max_at_k
from rlcalc.groups.pass_at_k import pass_at_k
from rlcalc.numerics.arrays import sorted_segments

rewards = st.lists(st.floats(-3, 3, width=16), min_size=1, max_size=7)


def test_an_example_on_paper() -> None:
    """Of 1, 2, 4 the pairs have the highest 2, 4 and 4."""
    found = max_at_k(np.array([1.0, 2.0, 4.0]), np.array([0, 3]), [1, 2, 3, 4])

    assert found[:3, 0] == pytest.approx([7 / 3, 10 / 3, 4])
    assert np.isnan(found[3, 0])


@given(st.lists(rewards, min_size=1, max_size=5))
def test_it_is_an_enumeration(groups: list[list[float]]) -> None:
    start = np.cumsum([0, *map(len, groups)])
    found = max_at_k(sorted_segments(np.concatenate(groups), start), start, [1, 2, 4])
    for row, k in enumerate([1, 2, 4]):
        for place, group in enumerate(groups):
            draws = list(combinations(group, k))
            wanted = np.mean([max(draw) for draw in draws]) if draws else np.nan
            assert found[row, place] == pytest.approx(wanted, nan_ok=True)


@given(st.integers(1, 60), st.data())
def test_chances_add_up_to_1(n: int, data: st.DataObject) -> None:
    chance = highest_chance(n, data.draw(st.integers(1, n)))

    assert chance.sum() == pytest.approx(1)
    assert (np.diff(chance) >= 0).all()


@given(st.integers(1, 40), st.data())
def test_of_0_and_1_it_is_pass_at_k(n: int, data: st.DataObject) -> None:
    right, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    reward = np.array([0.0] * (n - right) + [1.0] * right)
    found = max_at_k(reward, np.array([0, n]), [k])[0]

    assert found == pytest.approx(pass_at_k(np.array([n]), np.array([right]), k))


def test_equal_rewards_stay_what_they_are() -> None:
    assert max_at_k(np.full(7, 0.1), np.array([0, 7]), [3])[0, 0] == 0.1

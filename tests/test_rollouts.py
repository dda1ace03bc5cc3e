"""Rollouts: groups of a step come together, whatever the order of the source."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import ShapeError, UsageError
from rlcalc.rollouts import Rollouts

keys = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc")), min_size=2, max_size=30)


@given(keys)
def test_groups_are_those_of_a_dictionary(rows: list[tuple[int, str]]) -> None:
    """Steps rise; groups of a step and rollouts of a group keep the order of the source."""
    step, group = zip(*rows, strict=True)
    rollouts = Rollouts.from_arrays(list(group), np.arange(len(rows)), step=list(step))
    expected: dict[tuple[int, str], list[float]] = {}
    for number, key in enumerate(rows):
        expected.setdefault(key, []).append(float(number))
    in_order = sorted(expected, key=lambda key: key[0])
    found = {}
    for g in range(rollouts.n_groups):
        key = rollouts.step[int(rollouts.step_of_group[g])], str(rollouts.group[g])
        found[key] = rollouts.reward[rollouts.start[g] : rollouts.start[g + 1]].tolist()

    assert list(found) == in_order
    assert found == expected


@given(keys)
def test_rows_say_where_each_rollout_stood(rows: list[tuple[int, str]]) -> None:
    step, group = zip(*rows, strict=True)
    rollouts = Rollouts.from_arrays(list(group), np.arange(len(rows)), step=list(step))
    row = np.arange(len(rows)) if rollouts.row is None else rollouts.row

    np.testing.assert_array_equal(rollouts.reward, row)


def test_rewards_are_a_weighted_sum_of_what_is_there() -> None:
    rollouts = Rollouts.from_arrays(
        [0, 0, 0],
        {"a": [1, np.nan, np.nan], "b": [1, 1, np.nan]},
        weights={"a": 2.0, "b": 0.5},
    )

    np.testing.assert_array_equal(rollouts.reward, [2.5, 0.5, np.nan])
    assert len(rollouts.scored) == 2


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ShapeError, match="other lengths"):
        Rollouts.from_arrays([0, 0], [1.0, 2.0, 3.0])


def test_a_group_is_found_by_name_and_by_step() -> None:
    rollouts = Rollouts.from_arrays(["a", "b", "a"], [0, 1, 2], step=[1, 1, 2])

    assert rollouts.find("b") == 1
    assert rollouts.find("2/a") == 2
    with pytest.raises(UsageError, match="no group c"):
        rollouts.find("c")


def test_nothing_is_no_group() -> None:
    assert Rollouts.from_arrays([], []).n_groups == 0

"""How a table was written is judged by its first rows: interleaved, held back, with resets."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers.trajectories.layout import TableLayout, detect_layout, grouped_by
from rlcalc.readers.trajectories.step_table import Rows


def judged(*, file: Any = None, ordered: Any = False, **columns: list[int]) -> TableLayout:
    """The judgement on rows of which only some columns are told."""
    n = len(next(iter(columns.values())))
    flags = {"terminated", "truncated", "done", "is_last"}
    arrays = {
        name: np.array(values, dtype=bool if name in flags else None)
        for name, values in ({"reward": [1] * n} | columns).items()
    }
    numbers = np.array(file or [0] * n)
    return detect_layout(Rows(arrays), numbers, "table.csv", ordered=ordered)


@given(st.lists(st.integers(-2, 3)), st.data())
def test_grouping_keeps_the_order_of_rows_and_of_first_rows(
    key: list[int], draw: st.DataObject
) -> None:
    file = sorted(
        draw.draw(st.lists(st.integers(0, 2), min_size=len(key), max_size=len(key))),
    )
    rows = range(len(key))

    assert grouped_by(np.array(key, dtype=np.int64)).tolist() == sorted(
        rows, key=lambda row: key.index(key[row])
    )
    assert grouped_by(np.array(key, dtype=np.int64), np.array(file, dtype=np.int64)).tolist() == (
        sorted(rows, key=lambda row: (file[row], key.index(key[row])))
    )


@pytest.mark.parametrize(
    ("columns", "interleaved"),
    [
        ({"key": [5, 5, 6, 6]}, False),
        ({"key": [5, 6, 5, 6]}, True),
        ({"key": [5, 6, 5, 6], "terminated": [1, 1, 1, 1]}, False),
        ({"key": [5, 6, 5, 6], "terminated": [0, 1, 1, 1]}, True),
        ({"key": [5, 6, 5, 6], "file": [0, 0, 1, 1]}, False),
        ({"terminated": [0, 1, 0, 1]}, False),
    ],
)
def test_rows_are_interleaved_where_a_key_comes_again_before_its_end(
    columns: dict[str, list[int]], interleaved: bool
) -> None:
    """In another file the same key is another trajectory, and after an end a new one."""
    assert judged(**columns).interleaved is interleaved


def test_everything_is_held_back_only_where_no_row_shows_an_end() -> None:
    mixed = {"key": [5, 6, 5, 6]}

    assert judged(**mixed).hold
    assert not judged(**mixed, terminated=[0, 0, 1, 1]).hold
    assert judged(**mixed, terminated=[0, 0, 1, 1], time=[2, 1, 1, 2]).hold
    assert not judged(**mixed, terminated=[0, 0, 1, 1], time=[1, 1, 2, 2]).hold
    assert judged(key=[5, 5, 6, 6], ordered=True).hold


def test_a_row_after_the_end_is_a_reset_only_in_a_state_where_nobody_acts() -> None:
    walk = {"terminated": [0, 1, 0, 0, 1], "reward": [1, 1, 0, 1, 1]}
    left_behind = judged(state=[0, 1, 9, 0, 1], next_state=[1, 9, 0, 1, 9], **walk)
    goes_round = judged(state=[0, 1, 0, 0, 1], next_state=[1, 0, 0, 1, 0], **walk)

    assert left_behind.resets
    assert not goes_round.resets


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_three_rows_must_agree_that_time_limits_are_followed_by_resets(n: int) -> None:
    columns = {
        "state": [0, 1] + [2, 0] * n,
        "next_state": [1, 2] + [0, 2] * n,
        "truncated": [0, 1] * (n + 1),
        "reward": [1, 1] + [0, 1] * n,
    }

    assert judged(**columns).resets is (n >= 3)
    assert judged(**columns).restarted is False


def test_states_after_an_end_that_are_the_next_first_ones_three_times_are_no_last_states() -> None:
    """Vectorised environments write the state after their reset where the last one should be."""
    begins_where_it_ended = {
        "state": [0, 1, 0, 1, 0, 1, 0],
        "next_state": [1, 0, 1, 0, 1, 0, 1],
        "truncated": [0, 1, 0, 1, 0, 1, 0],
    }
    shorter = {name: values[:5] for name, values in begins_where_it_ended.items()}

    assert judged(**begins_where_it_ended).restarted
    assert not judged(**shorter).restarted


def test_rows_that_nothing_keeps_apart_are_refused() -> None:
    with pytest.raises(InputError, match="no column identifies the trajectory") as caught:
        judged(state=[0, 1])

    (fault,) = caught.value.faults
    assert fault.where == "table.csv"
    assert "--one-step" in fault.fix

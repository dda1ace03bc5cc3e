"""What the files of one reading share: work that runs one item ahead, and labels of all tables."""

import threading
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.labels import Labels
from rlcalc.readers.sources import ReadRequest
from rlcalc.readers.trajectories.context import ReaderContext, one_ahead
from rlcalc.trajectories import Experience

SCHEMA = {"state": pl.String(), "action": pl.String(), "reward": pl.Float64(), "cost": pl.Float64()}


def context(**request: object) -> ReaderContext:
    experience = Experience(iter(()), Labels(), Labels())
    return ReaderContext(experience, ReadRequest(**request))  # type: ignore[arg-type]


@given(st.lists(st.integers()))
def test_work_ahead_gives_what_work_in_turn_gives(items: list[int]) -> None:
    assert list(one_ahead(lambda item: item + 1, items)) == [(item, item + 1) for item in items]


def test_the_second_item_is_worked_on_before_anybody_asks_for_it() -> None:
    begun = threading.Event()

    def work(item: int) -> int:
        if item == 2:
            begun.set()
        return -item

    ahead = one_ahead(work, [1, 2, 3])

    assert next(ahead) == (1, -1)
    assert begun.wait(timeout=10)


def test_what_was_read_before_a_failure_is_still_given() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise InputError("cut off")

    ahead = one_ahead(str, items())

    assert [next(ahead), next(ahead)] == [(1, "1"), (2, "2")]
    with pytest.raises(InputError, match="cut off"):
        next(ahead)


def test_a_failure_of_the_work_comes_in_its_turn() -> None:
    ahead = one_ahead(lambda item: 6 // item, [3, 2, 0, 1])

    assert [next(ahead), next(ahead)] == [(3, 2), (2, 3)]
    with pytest.raises(ZeroDivisionError):
        next(ahead)


def test_the_work_stops_when_nobody_wants_more() -> None:
    asked = []

    def items() -> Iterator[int]:
        for item in range(100):
            asked.append(item)
            yield item

    ahead = one_ahead(str, items())
    next(ahead)
    ahead.close()  # type: ignore[attr-defined]

    assert asked == [0, 1]


def test_what_the_user_asks_of_tables_is_not_asked_of_lines_of_trajectories() -> None:
    """A column that the user names need not be in them."""
    asked = context(columns={"reward": "-cost"})

    assert asked.table("t.csv", SCHEMA, str).column["reward"] == "cost"
    assert asked.table("t.jsonl", SCHEMA, str, plainly=True).column["reward"] == "reward"


def test_tables_share_their_labels_and_nothing_is_left_where_there_was_none() -> None:
    reading = context(one_step=True)

    assert list(reading.rest()) == []
    one, two = (reading.table(name, SCHEMA, str) for name in ("1.csv", "2.csv"))
    for table, state in ((one, "a"), (two, "b"), (two, "a")):
        frame = pl.DataFrame({"state": state, "action": "x", "reward": 1.0, "cost": 0.0})
        rows = table.rows(frame.select(table.expressions()), lambda: frame)  # noqa: B023
        (batch,) = reading.assembler.push(rows)

    assert reading.experience.states.texts == ["a", "b"]
    assert batch.state.tolist() == [0]
    assert reading.experience.n_rows == 3

"""What the files of one reading share: the request, and the labels of all tables."""

import polars as pl

from rlcalc.labels import Labels
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.trajectories import Experience

SCHEMA = {"state": pl.String(), "action": pl.String(), "reward": pl.Float64(), "cost": pl.Float64()}


def context(**request: object) -> ReaderContext:
    experience = Experience(iter(()), Labels(), Labels())
    return ReaderContext(experience, ReadRequest(**request))  # type: ignore[arg-type]


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

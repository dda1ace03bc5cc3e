"""Columns of a table are found by name, and what a cell is not is told with its row."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.labels import Labels
from rlcalc.readers.sources import ReadRequest
from rlcalc.readers.trajectories.step_table import (
    LabelEncoder,
    as_flag,
    as_text,
    map_columns,
    moments_in_time,
)


def mapped(*names: str, order_by: str | None = None, **columns: str) -> dict[str, str]:
    return map_columns(list(names), ReadRequest(columns=columns, order_by=order_by), "t.csv")


def steps(**columns: object) -> pl.DataFrame:
    """Two steps with some columns of their own."""
    usual = {"episode": [0, 0], "state": ["a", "b"], "action": ["x", "y"], "reward": [1.0, 2.0]}
    return pl.DataFrame(usual | columns)


def test_the_most_usual_name_wins_in_any_case_and_order() -> None:
    assert mapped("r", "A", "obs", "State", "rew") == {
        "state": "State",
        "action": "A",
        "reward": "r",
    }


def test_what_the_user_names_wins_over_usual_names_and_is_read_once() -> None:
    assert mapped("s", "state", "a", "r", "t", reward="s", order_by="r") == {
        "state": "state", "action": "a", "reward": "s", "time": "r",
    }  # fmt: skip
    assert "time" not in mapped("t", "s", "a", "r", state="t")


def test_a_sign_turns_costs_into_rewards() -> None:
    frame = steps(cost=[2.0, -3.0]).drop("reward")

    assert rlcalc.load(frame, columns={"reward": "-cost"}).whole().reward.tolist() == [-2, 3]


@pytest.mark.parametrize(
    ("names", "columns", "what", "fix"),
    [
        (["s", "a", "rewrd"], {}, "no column for the reward", "--columns reward=rewrd; there are"),
        (
            ["s", "a", "r"],
            {"rewrd": "r"},
            "names rewrd, which is not a column",
            "did you mean reward?",
        ),
        (["s", "a", "gain"], {"reward": "gian"}, "no column gian", "did you mean gain?"),
        (["s", "a", "gain"], {"state": "-gain"}, "no column -gain", "did you mean gain?"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_the_nearest(
    names: list[str], columns: dict[str, str], what: str, fix: str
) -> None:
    with pytest.raises(InputError, match=what) as caught:
        mapped(*names, **columns)

    assert fix in caught.value.faults[0].fix


def test_a_name_that_is_almost_a_usual_one_is_noted() -> None:
    experience = rlcalc.load(steps(terminatd=[False, True], weather=["dry", "wet"]))
    experience.whole()

    assert len(experience.notes) == 1
    assert "add --columns terminated=terminatd" in experience.notes[0]


@pytest.mark.parametrize(
    ("cell", "flag"),
    [
        ("TRUE", True), (" y ", True), ("1.0", True), ("No", False), ("", False), (None, False),
        ("maybe", None), ("2", None), (1, True), (0.0, False), (2, None), (True, True),
    ],
)  # fmt: skip
def test_flags_are_written_in_few_ways_and_all_else_is_none(
    cell: str | float | None, flag: bool | None
) -> None:
    column = pl.Series("x", [cell], dtype=pl.String if cell is None else None)

    assert column.to_frame().select(as_flag(pl.col("x"), column.dtype)).item() is flag


@given(st.lists(st.lists(st.sampled_from("abcdefg") | st.none(), max_size=8), max_size=5))
def test_labels_are_numbered_by_appearance_and_keep_their_numbers(
    frames: list[list[str | None]],
) -> None:
    """Polars numbers categories its own way, and forgets those that no column uses."""
    labels = Labels()
    book = LabelEncoder(labels)
    codes = [
        code
        for texts in frames
        for code in book.codes(
            pl.DataFrame({"x": texts}, schema={"x": pl.String})
            .select(book.category(pl.col("x")))
            .to_series()
        )
    ]
    flat = [text for texts in frames for text in texts]

    assert labels.texts == list(dict.fromkeys(text for text in flat if text is not None))
    assert [None if code < 0 else labels.texts[code] for code in codes] == flat


def test_lists_and_numbers_are_labels_as_json_writes_them() -> None:
    frame = pl.DataFrame({"list": [[1, 2], None], "float": [0.5, None], "flag": [True, False]})
    texts = frame.select(as_text(pl.col(name), kind) for name, kind in frame.schema.items())

    assert texts.rows() == [("[1,2]", "0.5", "true"), (None, None, "false")]


def test_moments_are_numbers_or_dates_in_seconds() -> None:
    moment = datetime(2024, 2, 29, 12, 0, 1, tzinfo=UTC).timestamp()
    column = pl.Series(["2024-02-29 12:00:01", "2024-02-29T12:00:01.5", "7", "soon", None])

    assert moments_in_time(column).to_list() == [moment, moment + 0.5, 7.0, None, None]


def test_values_may_be_missing_and_rewards_may_not() -> None:
    batch = rlcalc.load(steps(value=["", "0.5"], behaviour_prob=[None, 0.25])).whole()
    np.testing.assert_array_equal(batch.value, [np.nan, 0.5])
    np.testing.assert_array_equal(batch.behaviour_prob, [np.nan, 0.25])
    with pytest.raises(InputError) as caught:
        rlcalc.load(steps(reward=["1", ""])).whole()

    (fault,) = caught.value.faults
    assert fault.what == "reward is missing, expected a finite number"
    assert fault.where == "the frame, row 2"


def test_a_span_of_time_is_no_label() -> None:
    spans = pl.Series([1, 2], dtype=pl.Duration("ms"))
    with pytest.raises(InputError, match="state has the type Duration") as caught:
        rlcalc.load(steps(state=spans)).whole()

    assert caught.value.faults[0].fix == "make it text or a number"

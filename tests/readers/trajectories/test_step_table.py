"""Columns of a table are found by name, and what a cell is not is told with its row."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.trajectories.step_table import as_flag, moments_in_time


def steps(**columns: object) -> pl.DataFrame:
    """Two steps with some columns of their own."""
    usual = {"episode": [0, 0], "state": ["a", "b"], "action": ["x", "y"], "reward": [1.0, 2.0]}
    return pl.DataFrame(usual | columns)


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

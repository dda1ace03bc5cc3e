"""Tables in memory become frames with the same columns, and what is no table is told apart."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers.in_memory import frame_of


class NAType:
    """What pandas calls the type of a missing value."""


class Series:
    """A column as pandas has it, with as much of pandas as rlcalc asks for."""

    iloc = None

    def __init__(self, values: list[Any], kind: Any = object) -> None:
        self.values = np.array(values, dtype=kind)

    def __len__(self) -> int:
        return len(self.values)

    def to_numpy(self) -> Any:
        return self.values


class Places:
    """The columns of a frame by their places."""

    def __init__(self, columns: list[Series]) -> None:
        self.series = columns

    def __getitem__(self, place: tuple[slice, int]) -> Series:
        return self.series[place[1]]


class Frame:
    """A frame as pandas has it."""

    def __init__(self, **columns: Series) -> None:
        self.columns = list(columns)
        self.iloc = Places(list(columns.values()))


def plain(source: Any) -> dict[str, list[Any]]:
    frame = frame_of(source)
    assert isinstance(frame, pl.DataFrame)
    return frame.to_dict(as_series=False)


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.text(max_size=3), st.floats(-9, 9)), min_size=1),
)
def test_columns_keep_their_names_order_and_values(rows: list[tuple[int, str, float]]) -> None:
    """Lists, tuples and arrays alike; a name that is a number becomes its text."""
    numbers, texts, floats = map(list, zip(*rows, strict=True))
    columns = plain({"z": tuple(numbers), 0: texts, "a": np.array(floats)})

    assert list(columns) == ["z", "0", "a"]
    assert columns == {"z": numbers, "0": texts, "a": floats}


def test_missing_text_of_pandas_is_missing() -> None:
    """NaN and NA stand for it among objects; a column of floats keeps its NaN."""
    columns = plain(
        Frame(s=Series(["a", float("nan"), NAType(), None]), r=Series([1, np.nan, 2, 3], "f8"))
    )

    assert columns["s"] == ["a", None, None, None]
    assert np.isnan(columns["r"][1])


def test_frames_of_polars_are_taken_as_they_are() -> None:
    frame = pl.DataFrame({"a": [1]})
    lazy = frame.lazy()

    assert frame_of(frame) is frame
    assert frame_of(lazy) is lazy


@pytest.mark.parametrize("source", ["walks.csv", ["walks.csv"], None, 3])
def test_what_is_no_table_is_left_to_others(source: object) -> None:
    assert frame_of(source) is None


@pytest.mark.parametrize("value", ["abc", 3, None])
def test_a_column_that_would_be_repeated_is_refused(value: object) -> None:
    """Polars takes one value for all rows, which is a mistake more often than a wish."""
    with pytest.raises(InputError) as error:
        frame_of({"state": ["a", "b"], "reward": value})
    fault = error.value.faults[0]

    assert fault.what == f"reward is {value!r}, expected a column"
    assert (fault.where, fault.fix) == (
        "the mapping",
        "give a list or an array for every column",
    )


def test_columns_of_different_lengths_are_no_table() -> None:
    with pytest.raises(InputError, match="these columns are not a table") as error:
        frame_of({"state": ["a", "b", "c"], "reward": [1.0, 2.0]})

    assert error.value.faults[0].where == "the mapping"

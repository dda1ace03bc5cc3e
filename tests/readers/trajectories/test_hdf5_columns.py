"""Columns of HDF5 files: frames of parts, what stands at ends alone, and the rows of a batch."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from rlcalc.readers.trajectories import hdf5_columns
from rlcalc.readers.trajectories.hdf5_columns import (
    Leaf,
    Part,
    Recording,
    StepColumn,
    rows_of_batch,
)


class Group:
    """A group of a file of any size."""

    @property
    def file(self) -> Any:
        return self

    id = type("Id", (), {"get_filesize": lambda self: 1})()


def leaf(row: int = 8, chunk: int = 0) -> Leaf:
    return Leaf(np.dtype("u1"), (row,), lambda part: np.zeros((len(part), row), "u1"), chunk)


def number(part: Part) -> Any:
    return np.arange(part.begin, part.end) + 100 * part.number


def recording() -> Recording:
    group: Any = Group()
    columns = {
        "x": StepColumn({"": Leaf(np.dtype("i8"), (), number)}),
        "last": StepColumn({"": Leaf(np.dtype("i8"), (), lambda p: np.array([p.end]))}, True),
        "pair": StepColumn({name: Leaf(np.dtype("i8"), (), number) for name in "ab"}),
    }
    parts = [Part(group, f"episode_{n}", n, 0, length) for n, length in enumerate((2, 5))]
    return Recording(columns, iter(parts))


@pytest.mark.parametrize("rows", [1, 2, 4, 100])
def test_frames_of_any_size_are_the_same_rows(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_columns, "ROWS", rows)
    file: Any = type("File", (), {"name": "x", "max_size": None})()
    one = recording()
    frame = pl.concat(one.frames(["x", "last", "pair"], file))

    assert frame["x"].to_list() == [0, 1, 100, 101, 102, 103, 104]
    assert frame["last"].to_list() == [None, 2, None, None, None, None, 5]
    assert frame["pair"][6] == {"a": 104, "b": 104}
    assert [one.place(row) for row in (0, 1, 2, 6)] == [
        "episode_0, row 1",
        "episode_0, row 2",
        "episode_1, row 1",
        "episode_1, row 5",
    ]


def test_wide_rows_come_in_smaller_batches_of_whole_chunks() -> None:
    assert rows_of_batch([leaf(8)]) == hdf5_columns.ROWS
    assert rows_of_batch([leaf(1 << 20)]) == hdf5_columns.BYTES >> 20
    assert rows_of_batch([leaf(1 << 20, chunk=100)]) == 100
    assert rows_of_batch([leaf(8, chunk=1000)]) == 263_000
    assert rows_of_batch([leaf(8, chunk=1 << 40)]) == hdf5_columns.ROWS

"""Columns of HDF5 files: rows of arrays as they stand in groups, and frames of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcalc.numerics.arrays import Ints
from rlcalc.readers.array_columns import column_of, type_of
from rlcalc.readers.hdf5 import require_room
from rlcalc.readers.sources import File

if TYPE_CHECKING:
    from h5py import Group

ROWS = 1 << 18
"""Most rows of a frame."""
BYTES = 1 << 26
"""Most bytes of a frame, unless a chunk has more."""
LARGEST_CHUNK = 1 << 29
"""Bytes of rows that are read at once because the file stores them as one chunk."""


@dataclass(frozen=True)
class Part:
    """Rows of one trajectory or environment that stand together: a range in the arrays of a group.

    Attributes:
        group: that the paths of columns start from.
        name: what errors call it.
        number: of the trajectory or the environment.
        begin: its first row.
        end: the row after its last one.
        is_last: no more rows of the trajectory follow.
    """

    group: Group
    name: str
    number: int
    begin: int
    end: int
    is_last: bool = True

    def __len__(self) -> int:
        return self.end - self.begin


Read = Callable[[Part], NDArray[Any]]


@dataclass(frozen=True)
class Leaf:
    """An array that is a column, or a field of one.

    Attributes:
        kind: the type of its entries.
        shape: of a row.
        read: gives its rows in a part.
        chunk: rows that the file stores together; 0: as many as you like.
    """

    kind: np.dtype[Any]
    shape: tuple[int, ...]
    read: Read
    chunk: int = 0

    @property
    def type(self) -> pl.DataType:
        """The type of the column."""
        if self.kind.kind == "O":
            return pl.String()
        return type_of(self.kind, self.shape)

    @property
    def row_bytes(self) -> int:
        """The bytes of a row."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.kind.itemsize


@dataclass(frozen=True)
class StepColumn:
    """A column of steps.

    Attributes:
        leaves: the arrays of its fields by their names; one without a name is the whole column.
        at_ends: it has one entry for each trajectory, at the last step; other steps have none.
    """

    leaves: Mapping[str, Leaf]
    at_ends: bool = False

    @property
    def type(self) -> pl.DataType:
        """The type of the column."""
        return nested(
            {name: pl.Series(dtype=leaf.type) for name, leaf in self.leaves.items()}
        ).dtype


@dataclass
class Recording:
    """The steps of a file.

    Attributes:
        columns: by their names.
        parts: all of their rows, in order.
        total: number of rows; 0: unknown.
        is_exact: each trajectory is a group of its own, so that no row needs to be recognised.
        notes: what a reader should know.
        names: of the parts that were read, in order.
        first: the number of the first row of each.
    """

    columns: dict[str, StepColumn]
    parts: Iterator[Part]
    total: int = 0
    is_exact: bool = True
    notes: Sequence[str] = ()
    names: list[tuple[str, int]] = field(default_factory=list)
    first: list[int] = field(default_factory=list)

    def place(self, row: int) -> str:
        """Return where a row stands that was read."""
        part = int(np.searchsorted(self.first, row, side="right")) - 1
        name, begin = self.names[part]
        return f"{name}{', ' if name else ''}row {begin + row - self.first[part] + 1}"

    def frames(self, names: Sequence[str], file: File) -> Iterator[pl.DataFrame]:
        """Yield some columns, batch by batch.

        Args:
            names: of the columns.
            file: that they stand in.

        Raises:
            InputError: an array has another type or length than it should, or is far larger than
                its file.
        """
        columns = {name: self.columns[name] for name in names}
        leaves = [leaf for column in columns.values() for leaf in column.leaves.values()]
        most, row_bytes = rows_of_batch(leaves), sum(leaf.row_bytes for leaf in leaves)
        batch: list[Part] = []
        n_rows = n_before = 0
        for whole in self.parts:
            for part in _cut(whole, most):
                self.names.append((part.name, part.begin))
                self.first.append(n_before)
                n_before += len(part)
                batch.append(part)
                n_rows += len(part)
                if n_rows >= most:
                    require_room(n_before * row_bytes, part.group, file)
                    yield _frame(columns, batch)
                    batch, n_rows = [], 0
        if batch:
            require_room(n_before * row_bytes, batch[0].group, file)
            yield _frame(columns, batch)


def rows_of_batch(leaves: Sequence[Leaf]) -> int:
    """Return how many rows are read at a time: whole chunks, as a part of one costs as much."""
    row = sum(leaf.row_bytes for leaf in leaves)
    most = max(1, min(ROWS, BYTES // max(row, 1)))
    chunk = max((leaf.chunk for leaf in leaves), default=0)
    return -(-most // chunk) * chunk if 0 < chunk * row <= LARGEST_CHUNK else most


def _cut(part: Part, most: int) -> Iterator[Part]:
    """Yield a part in pieces of at most so many rows, which begin at multiples of it."""
    begin = part.begin
    while (end := (begin // most + 1) * most) < part.end:
        yield Part(part.group, part.name, part.number, begin, end, is_last=False)
        begin = end
    yield Part(part.group, part.name, part.number, begin, part.end, part.is_last)


def _frame(columns: Mapping[str, StepColumn], batch: Sequence[Part]) -> pl.DataFrame:
    return pl.DataFrame([_series(name, column, batch) for name, column in columns.items()])


def _series(name: str, column: StepColumn, batch: Sequence[Part]) -> pl.Series:
    parts = [part for part in batch if part.is_last] if column.at_ends else batch
    series = nested(
        {
            field_name: column_of(_joined([leaf.read(part) for part in parts], leaf))
            for field_name, leaf in column.leaves.items()
        }
    )
    if column.at_ends:
        entry = pl.Series(_entry_at_ends(batch), dtype=pl.Int64)
        entry = entry.set(entry < 0, None)
        if not len(series):
            return pl.Series(name, [None] * len(entry), dtype=column.type)
        series = series.to_frame(name).select(pl.col(name).gather(entry)).to_series()
    return series.alias(name)


def nested(fields: Mapping[str, pl.Series]) -> pl.Series:
    """Return the column of fields, of which those with a `/` stand in fields themselves.

    >>> nested({"x": pl.Series([1]), "y/z": pl.Series([2])}).to_list()
    [{'x': 1, 'y': {'z': 2}}]
    """
    if "" in fields:
        return fields[""]
    groups: dict[str, dict[str, pl.Series]] = {}
    for name, series in fields.items():
        first, _, rest = name.partition("/")
        groups.setdefault(first, {})[rest] = series
    return pl.DataFrame([nested(own).alias(name) for name, own in groups.items()]).to_struct()


def _joined(arrays: Sequence[NDArray[Any]], leaf: Leaf) -> NDArray[Any]:
    if not arrays:
        return np.empty((0, *leaf.shape), leaf.kind)
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _entry_at_ends(batch: Sequence[Part]) -> Ints:
    """[N] the number of the trajectory that ends with a row, or -1."""
    last = np.cumsum([len(part) for part in batch]) - 1
    ended = [int(row) for row, part in zip(last, batch, strict=True) if part.is_last]
    entry = np.full(int(last[-1]) + 1, -1, dtype=np.int64)
    entry[ended] = np.arange(len(ended))
    return entry

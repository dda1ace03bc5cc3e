"""Chart: one picture of an answer, described by its data; renderers draw it without arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rlcalc.errors import ShapeError

Kind = Literal["line", "points", "bars", "histogram", "map"]
"""The kinds of pictures.

line: y against x, a line for each name in `colour`.
points: y at each x, with its band as an error bar.
bars: y at each x from 0, beside each other for each name in `colour`.
histogram: y over each bin, which goes from the column of `x` to that of its `end`.
map: a cell at each x and y, coloured by the number in `colour`.
"""

Scale = Literal["linear", "log", "names"]


@dataclass(frozen=True)
class Axis:
    """One direction of a picture: its column, its title with the unit, and its scale."""

    column: str
    title: str
    scale: Scale = "linear"
    end: str = ""  # the column of the upper border of each bin of a histogram
    names: Sequence[Any] | None = None  # in their order; None: as they first appear in the column
    limits: tuple[float, float] | None = None  # what lies outside is cut; None: all is shown


@dataclass(frozen=True)
class Band:
    """An interval around y: the columns of its limits."""

    low: str
    high: str
    title: str = ""


@dataclass(frozen=True)
class Border:
    """A line across the whole picture at one number of an axis, such as a border of a clip."""

    at: float
    title: str
    axis: Literal["x", "y"] = "y"


@dataclass(frozen=True)
class Chart:
    """One picture: the columns that it shows, and what each of them is in it.

    Raises:
        ShapeError: a column is missing, or has another length than the others.
    """

    name: str  # short, such as convergence
    title: str
    kind: Kind
    columns: Mapping[str, Sequence[Any]]  # of one length; None is a missing value
    x: Axis
    y: Axis
    colour: Axis | None = None
    bands: Sequence[Band] = ()  # the widest first
    beside: Axis | None = None  # another value of each x on the axis of y, such as the exact one
    text: str = ""  # the column that is written into the cells of a map
    borders: Sequence[Border] = ()
    note: str = ""  # a sentence below the title, such as the number of states that are left out

    def __post_init__(self) -> None:
        """Refuse columns that are missing, and columns of different lengths."""
        missing = [name for name in self._named_columns() if name not in self.columns]
        if missing:
            raise ShapeError(
                f"the chart {self.name} lacks the columns {', '.join(missing)}",
                fix="give it every column that an axis or a band names",
            )
        lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ShapeError(
                f"columns of a chart of different lengths: {lengths}",
                fix="give every column one entry a row",
            )

    def names(self, axis: Axis) -> list[Any]:
        """Return the names of an axis in their order, each once."""
        return list(dict.fromkeys(self.columns[axis.column] if axis.names is None else axis.names))

    def _named_columns(self) -> Iterator[str]:
        """Yield the names of the columns that the picture shows."""
        for axis in (self.x, self.y, self.colour, self.beside):
            yield from (name for name in (axis and axis.column, axis and axis.end) if name)
        for band in self.bands:
            yield from (band.low, band.high)
        yield from [self.text] if self.text else []

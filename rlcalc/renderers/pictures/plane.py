"""Plane: the cells of text in which a line is drawn, and the places of numbers on an axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import set_cell_size

from rlcalc.charts import Axis, Band, Chart
from rlcalc.errors import shown

LINES = 14
"""Lines of a plane in which a line is drawn."""

Piece = tuple[str, str]
"""Text and its colour; an empty colour is the terminal's own."""
Line = list[Piece]


def number_of(value: Any) -> float:
    """Return a value as a number; a missing one is not a number."""
    return math.nan if value is None else float(value)


def digits(value: float) -> str:
    """Return a number with four digits; a dash if it is missing.

    >>> digits(1 / 3), digits(math.nan)
    ('0.3333', '–')
    """
    return "–" if math.isnan(value) else f"{value:.4g}"


class Scale:
    """Where the numbers of an axis are, from 0 at its least to 1 at its largest."""

    def __init__(self, axis: Axis, numbers: Sequence[float], *, zero: bool = False) -> None:
        self.log = axis.scale == "log"
        usable = [n for n in numbers if math.isfinite(n) and not (self.log and n <= 0)]
        usable += [0.0] * (zero and not self.log)
        self.low, self.high = min(usable, default=0.0), max(usable, default=1.0)
        if axis.limits is not None:
            self.low, self.high = axis.limits

    def place(self, number: float) -> float:
        """Return the place of a number; not a number if it has none."""
        if not math.isfinite(number) or (self.log and number <= 0):
            return math.nan
        low, high, at = self.low, self.high, number
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return (at / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5


def column_at(place: float, room: int) -> int | None:
    """Return the cell of a place among so many, None if it has none; what is outside is at the end.

    >>> column_at(0.0, 10), column_at(1.0, 10), column_at(1.5, 10), column_at(math.nan, 10)
    (0, 9, 9, None)
    """
    return None if math.isnan(place) else min(max(round(place * (room - 1)), 0), room - 1)


class Plane:
    """The cells in which a line is drawn, from the lower left."""

    def __init__(self, chart: Chart, width: int) -> None:
        self.chart = chart
        self.columns = {
            name: list(map(number_of, chart.columns[name])) for name in numeric_columns(chart)
        }
        x = self.columns[chart.x.column]
        heights = [n for name, part in self.columns.items() if name != chart.x.column for n in part]
        self.across = Scale(chart.x, x)
        self.up = Scale(chart.y, [*heights, *(b.at for b in chart.borders if b.axis == "y")])
        self.ends = [digits(self.up.high), digits(self.up.low)]
        self.left = max(map(len, self.ends))
        self.room = width - self.left - 2
        self.cells: list[list[Piece]] = [[(" ", "")] * self.room for _ in range(LINES)]

    def put(self, row: int, column: str, mark: str, colour: str) -> None:
        """Draw a mark at a value of a row."""
        across = self._across(row)
        line = self._line(self.columns[column][row])
        if across is not None and line is not None:
            self.cells[line][across] = (mark, colour)

    def fill(self, row: int, band: Band, colour: str) -> None:
        """Draw the interval of a row."""
        across = self._across(row)
        lowest, highest = (self._line(self.columns[end][row]) for end in (band.low, band.high))
        if across is not None and lowest is not None and highest is not None:
            for line in range(highest, lowest + 1):
                self.cells[line][across] = ("░", colour)

    def cross(self, at: float) -> None:
        """Draw a border at a number of y, where nothing else is."""
        line = self._line(at)
        if line is not None:
            drawn = self.cells[line]
            drawn[:] = [(part if part[0] != " " else ("┄", "red")) for part in drawn]

    def _across(self, row: int) -> int | None:
        return column_at(self.across.place(self.columns[self.chart.x.column][row]), self.room)

    def _line(self, number: float) -> int | None:
        line = column_at(self.up.place(number), LINES)
        return None if line is None else LINES - 1 - line

    def lines(self) -> Iterator[Line]:
        """Yield the plane between its axes."""
        for number, cells in enumerate(self.cells):
            end = self.ends[0] if number == 0 else self.ends[1] if number == LINES - 1 else ""
            yield [(f"{end:>{self.left}} │", ""), *cells]
        yield [(f"{' ' * self.left} └{'─' * self.room}", "")]
        first, last = digits(self.across.low), digits(self.across.high)
        title = self.chart.x.title + (" (log)" if self.across.log else "")
        between = max(self.room - len(first) - len(last), 0)
        middle = set_cell_size(shown(title, max(between, 1)).center(between), between)
        yield [(f"{' ' * self.left}  {first}{middle}{last}", "")]


def numeric_columns(chart: Chart) -> list[str]:
    """Return the columns of numbers that a plane shows."""
    bands = [name for band in chart.bands for name in (band.low, band.high)]
    beside = [chart.beside.column] if chart.beside else []
    return list(dict.fromkeys([chart.x.column, chart.y.column, *bands, *beside]))

"""Blocks: the charts of a result as text, for --plot; in colours on a terminal, plain in a pipe."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from rich.cells import cell_len, set_cell_size

from rlcalc.charts import Axis, Band, Chart
from rlcalc.errors import escaped, shown
from rlcalc.renderers.pictures.labels import label_texts
from rlcalc.result import Result

WIDEST, NARROWEST = 100, 40
LINES = 14
"""Lines of a plane in which a line is drawn."""
LABEL = 24
"""Characters of a label at the left."""
EIGHTHS = " ▏▎▍▌▋▊▉"
SHADES = "·░▒▓█"
MARKS = "●▲■◆○△□◇"
COLOURS = ("blue", "yellow", "green", "magenta", "cyan", "red", "white", "bright_black")
MOST_ROWS = 40
"""Names of a map that are drawn, one a line."""

Piece = tuple[str, str]
"""Text and its colour; an empty colour is the terminal's own."""
Line = list[Piece]


def write(result: Result, form: str, stream: BinaryIO, head: int | None) -> None:
    """Write the charts of a result below each other."""
    assert result.charts is not None
    on_terminal = stream is sys.stdout.buffer and sys.stdout.isatty()
    columns = shutil.get_terminal_size().columns if on_terminal or "COLUMNS" in os.environ else 80
    lines = [
        line
        for chart in result.charts()
        for line in (*chart_lines(chart, max(NARROWEST, min(WIDEST, columns - 1))), [])
    ]
    if on_terminal:
        _write_in_colours(lines[:-1])
        return
    text = "".join("".join(part for part, _ in line).rstrip() + "\n" for line in lines[:-1])
    stream.write(text.encode("utf-8", "backslashreplace"))


def _write_in_colours(lines: Sequence[Line]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(force_terminal=True, highlight=False)
    for line in lines:
        console.print(Text.assemble(*line, no_wrap=True, overflow="crop"), crop=False)


def chart_lines(chart: Chart, width: int) -> Iterator[Line]:
    """Yield the lines of a chart: its title, the picture, and the meaning of its marks."""
    kinds: dict[str, Callable[[Chart, int], Iterator[Line]]] = {
        "line": _plane,
        "points": _intervals,
        "bars": _bars,
        "histogram": _bars,
        "map": _map,
    }
    yield [(shown(chart.title, width), "bold")]
    if chart.note:
        yield [(shown(chart.note, width), "")]
    yield from kinds[chart.kind](chart, width)
    for border in chart.borders:
        yield [(f"{shown(border.title, width - 14)}: {_digits(border.at)}", "red")]


def _number(value: Any) -> float:
    """Return a value as a number; a missing one is not a number."""
    return math.nan if value is None else float(value)


def _digits(value: float) -> str:
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


# -- a row a name ----------------------------------------------------------------------------


def _labels(chart: Chart) -> list[str]:
    """Return the label of each row: names, or the borders of a bin."""
    x = chart.columns[chart.x.column]
    if chart.x.end:
        ends = zip(x, chart.columns[chart.x.end], strict=True)
        labels = [_bin_label(_number(a), _number(b)) for a, b in ends]
    else:
        texts = label_texts(x, LABEL)
        labels = [texts[value] for value in x]
    if chart.colour is not None:
        names = chart.columns[chart.colour.column]
        series = label_texts(names, LABEL)
        labels = [f"{a} · {series[b]}" for a, b in zip(labels, names, strict=True)]
    return labels


def _bin_label(low: float, high: float) -> str:
    """Return the label of a bin: of one that is centred around a whole number, that number."""
    if high - low == 1 and low % 1 == 0.5:
        return _digits(low + 0.5)
    return f"{_digits(low)} to {_digits(high)}"


def _row_colours(chart: Chart) -> list[str]:
    n = len(chart.columns[chart.x.column])
    if chart.colour is None:
        return [COLOURS[0]] * n
    names = chart.names(chart.colour)
    column = chart.columns[chart.colour.column]
    return [COLOURS[names.index(name) % len(COLOURS)] for name in column]


def _bars(chart: Chart, width: int) -> Iterator[Line]:
    """Yield a bar a row: from the left if no value is below 0, else from the middle."""
    values = [_number(value) for value in chart.columns[chart.y.column]]
    labels, texts = _labels(chart), [_digits(value) for value in values]
    left, right = (max(map(cell_len, part), default=0) for part in (labels, texts))
    room = max(8, width - left - right - 4)
    scale = Scale(chart.y, values, zero=True)
    yield [(f"{' ' * left}  {chart.y.title}", "")]
    for label, value, text, colour in zip(labels, values, texts, _row_colours(chart), strict=True):
        zero = 0.0 if scale.log else scale.place(0.0)
        bar = _bar(min(zero, scale.place(value)), max(zero, scale.place(value)), room)
        yield [(f"{set_cell_size(label, left)}  ", ""), (bar, colour), (f"  {text:>{right}}", "")]


def _bar(start: float, end: float, room: int) -> str:
    """Return a bar between two places; what is below 0 has whole blocks only."""
    if math.isnan(start) or math.isnan(end):
        return " " * room
    first, eighths = round(start * room), round(end * room * 8)
    if start > 0 or eighths < first * 8:
        first, eighths = min(first, eighths // 8), eighths
    whole = max(eighths // 8 - first, 0)
    rest = EIGHTHS[eighths % 8] if eighths % 8 and first + whole < room else ""
    return set_cell_size(" " * first + "█" * whole + rest, room)


def _intervals(chart: Chart, width: int) -> Iterator[Line]:
    """Yield a line a row: ● is the value, ├──┤ its widest interval, ◇ the value beside it."""
    values = [_number(value) for value in chart.columns[chart.y.column]]
    beside = chart.columns[chart.beside.column] if chart.beside else [None] * len(values)
    limits: list[tuple[Sequence[Any], Sequence[Any]]] = [
        (chart.columns[band.low], chart.columns[band.high]) for band in chart.bands
    ] or [([None] * len(values), [None] * len(values))]
    several = [*values, *(_number(n) for part in limits for ends in part for n in ends)]
    scale = Scale(chart.y, [*several, *map(_number, beside)])
    labels, texts = _labels(chart), [_digits(value) for value in values]
    left, right = (max(map(cell_len, part), default=0) for part in (labels, texts))
    room = max(8, width - left - right - 4)
    ends = f"{_digits(scale.low)}{_digits(scale.high):>{max(room - len(_digits(scale.low)), 0)}}"
    yield [(f"{' ' * left}  ● {chart.y.title}" + _beside_title(chart), "")]
    yield [(f"{' ' * left}  {ends}", "bright_black")]
    lows, highs = limits[0]
    for label, value, text, other, low, high, colour in zip(
        labels, values, texts, beside, lows, highs, _row_colours(chart), strict=True
    ):
        row = [" "] * room
        start, end = (_column(scale.place(_number(limit)), room) for limit in (low, high))
        if start is not None and end is not None:
            row[start : end + 1] = "─" * (end + 1 - start)
            row[start], row[end] = "├", "┤"
        for number, mark in ((_number(other), "◇"), (value, "●")):
            at = _column(scale.place(number), room)
            if at is not None:
                row[at] = "◈" if row[at] == "◇" else mark
        yield [
            (f"{set_cell_size(label, left)}  ", ""),
            ("".join(row), colour),
            (f"  {text:>{right}}", ""),
        ]


def _beside_title(chart: Chart) -> str:
    return f"   ◇ {chart.beside.title}" if chart.beside else ""


def _column(place: float, room: int) -> int | None:
    return None if math.isnan(place) else min(max(round(place * (room - 1)), 0), room - 1)


# -- a plane ---------------------------------------------------------------------------------


class Plane:
    """The cells in which a line is drawn, from the lower left."""

    def __init__(self, chart: Chart, width: int) -> None:
        self.chart = chart
        self.columns = {
            name: list(map(_number, chart.columns[name])) for name in _numbers_of(chart)
        }
        x = self.columns[chart.x.column]
        heights = [n for name, part in self.columns.items() if name != chart.x.column for n in part]
        self.across = Scale(chart.x, x)
        self.up = Scale(chart.y, [*heights, *(b.at for b in chart.borders if b.axis == "y")])
        self.ends = [_digits(self.up.high), _digits(self.up.low)]
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
        return _column(self.across.place(self.columns[self.chart.x.column][row]), self.room)

    def _line(self, number: float) -> int | None:
        line = _column(self.up.place(number), LINES)
        return None if line is None else LINES - 1 - line

    def lines(self) -> Iterator[Line]:
        """Yield the plane between its axes."""
        for number, cells in enumerate(self.cells):
            end = self.ends[0] if number == 0 else self.ends[1] if number == LINES - 1 else ""
            yield [(f"{end:>{self.left}} │", ""), *cells]
        yield [(f"{' ' * self.left} └{'─' * self.room}", "")]
        first, last = _digits(self.across.low), _digits(self.across.high)
        title = self.chart.x.title + (" (log)" if self.across.log else "")
        between = max(self.room - len(first) - len(last), 0)
        middle = set_cell_size(shown(title, max(between, 1)).center(between), between)
        yield [(f"{' ' * self.left}  {first}{middle}{last}", "")]


def _plane(chart: Chart, width: int) -> Iterator[Line]:
    """Yield lines of y against x: a mark each series, ░ within the widest band."""
    plane = Plane(chart, width)
    n = len(chart.columns[chart.x.column])
    names: Sequence[Any] = chart.columns[chart.colour.column] if chart.colour else [""] * n
    series = label_texts(chart.names(chart.colour) if chart.colour else names)
    styles = {
        name: (MARKS[number % len(MARKS)], COLOURS[number % len(COLOURS)])
        for number, name in enumerate(series)
    }
    for band in chart.bands[:1]:
        for row in range(n):
            plane.fill(row, band, styles[names[row]][1])
    for row in range(n if chart.beside else 0):
        plane.put(row, chart.beside.column if chart.beside else "", "◇", "red")
    for row in range(n):
        plane.put(row, chart.y.column, *styles[names[row]])
    for border in chart.borders:
        if border.axis == "y":
            plane.cross(border.at)
    yield [(chart.y.title + (" (log)" if plane.up.log else "") + _beside_title(chart), "")]
    yield from plane.lines()
    if chart.colour:
        yield [(f"{styles[name][0]} {text}   ", styles[name][1]) for name, text in series.items()]


def _numbers_of(chart: Chart) -> list[str]:
    """Return the columns of numbers that a plane shows."""
    bands = [name for band in chart.bands for name in (band.low, band.high)]
    beside = [chart.beside.column] if chart.beside else []
    return list(dict.fromkeys([chart.x.column, chart.y.column, *bands, *beside]))


# -- a map -----------------------------------------------------------------------------------


def _map(chart: Chart, width: int) -> Iterator[Line]:
    """Yield the cells of a map: the text of each, or a shade from the least to the largest."""
    assert chart.colour is not None
    x, y = (list(chart.columns[axis.column]) for axis in (chart.x, chart.y))
    numbers = list(map(_number, chart.columns[chart.colour.column]))
    texts = chart.columns[chart.text] if chart.text else None
    scale = Scale(chart.colour, numbers)
    across, down = chart.names(chart.x), chart.names(chart.y)
    if chart.y.end:
        down = sorted(down, reverse=True)
    labels = label_texts([_digits(v) if chart.y.end else v for v in down[:MOST_ROWS]], LABEL)
    left = max(map(cell_len, labels.values()), default=0)
    cells = {
        (column, row): (number, "" if texts is None else escaped(str(text).replace("\n", " ")))
        for column, row, number, text in zip(x, y, numbers, texts or x, strict=True)
    }
    longest = max((cell_len(text) for _, text in cells.values()), default=0)
    cell = longest + 1 if texts else max(1, min(4, (width - left - 2) // max(len(across), 1)))
    shown_across = across[: max(1, (width - left - 2) // cell)]
    yield [(f"{' ' * left}  {chart.x.title} →, {chart.y.title} ↓", "")]
    for row, label in zip(down, labels.values(), strict=False):
        line: Line = [(f"{set_cell_size(label, left)}  ", "")]
        for column in shown_across:
            number, text = cells.get((column, row), (math.nan, ""))
            place = scale.place(number)
            shade = " " if math.isnan(place) else SHADES[min(int(place * 5), 4)]
            if texts is None:
                line.append((shade * cell, COLOURS[0]))
            else:
                line.append((set_cell_size(text, cell), ""))
        yield line
    hidden = (len(across) - len(shown_across), len(down) - len(labels))
    for n, noun in zip(hidden, ("columns", "rows"), strict=True):
        if n > 0:
            yield [(f"{n:,} more {noun} (-o picture.svg shows them)", "")]
    low, high = _digits(scale.low), _digits(scale.high)
    shades = "" if texts else f": {SHADES[0]}{low} to {SHADES[-1]} {high}"
    yield [(f"{chart.colour.title}{shades or f', {low} to {high}'}", "")]

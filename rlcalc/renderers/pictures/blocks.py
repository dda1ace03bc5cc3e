"""Blocks: the charts of a result as text, for --plot; in colours on a terminal, plain in a pipe."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from rich.cells import cell_len, set_cell_size

from rlcalc.charts import Chart
from rlcalc.errors import escaped, shown
from rlcalc.renderers.pictures.labels import label_texts
from rlcalc.renderers.pictures.plane import (
    Line,
    Plane,
    Scale,
    column_at,
    digits,
    number_of,
)
from rlcalc.renderers.pictures.theme import DARK
from rlcalc.result import Result

WIDEST, NARROWEST = 100, 40
LABEL = 24
"""Characters of a label at the left."""
EIGHTHS = " ▏▎▍▌▋▊▉"
SHADES = "·░▒▓█"
MARKS = "●▲■◆○△□◇"
COLOURS = ("blue", "yellow", "green", "magenta", "cyan", "red", "white", "bright_black")
MOST_ROWS = 40
"""Names of a map that are drawn, one a line."""


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
        yield [(f"{shown(border.title, width - 14)}: {digits(border.at)}", "red")]


# -- a row a name ----------------------------------------------------------------------------


def _labels(chart: Chart) -> list[str]:
    """Return the label of each row: names, or the borders of a bin."""
    x = chart.columns[chart.x.column]
    if chart.x.end:
        ends = zip(x, chart.columns[chart.x.end], strict=True)
        labels = [_bin_label(number_of(a), number_of(b)) for a, b in ends]
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
        return digits(low + 0.5)
    return f"{digits(low)} to {digits(high)}"


def _row_colours(chart: Chart) -> list[str]:
    n = len(chart.columns[chart.x.column])
    if chart.colour is None:
        return [COLOURS[0]] * n
    names = chart.names(chart.colour)
    column = chart.columns[chart.colour.column]
    return [COLOURS[names.index(name) % len(COLOURS)] for name in column]


def _bars(chart: Chart, width: int) -> Iterator[Line]:
    """Yield a bar a row: from the left if no value is below 0, else from the middle."""
    values = [number_of(value) for value in chart.columns[chart.y.column]]
    labels, texts = _labels(chart), [digits(value) for value in values]
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
    values = [number_of(value) for value in chart.columns[chart.y.column]]
    beside = chart.columns[chart.beside.column] if chart.beside else [None] * len(values)
    limits: list[tuple[Sequence[Any], Sequence[Any]]] = [
        (chart.columns[band.low], chart.columns[band.high]) for band in chart.bands
    ] or [([None] * len(values), [None] * len(values))]
    several = [*values, *(number_of(n) for part in limits for ends in part for n in ends)]
    scale = Scale(chart.y, [*several, *map(number_of, beside)])
    labels, texts = _labels(chart), [digits(value) for value in values]
    left, right = (max(map(cell_len, part), default=0) for part in (labels, texts))
    room = max(8, width - left - right - 4)
    ends = f"{digits(scale.low)}{digits(scale.high):>{max(room - len(digits(scale.low)), 0)}}"
    yield [(f"{' ' * left}  ● {chart.y.title}" + _beside_title(chart), "")]
    yield [(f"{' ' * left}  {ends}", "bright_black")]
    lows, highs = limits[0]
    for label, value, text, other, low, high, colour in zip(
        labels, values, texts, beside, lows, highs, _row_colours(chart), strict=True
    ):
        row = [" "] * room
        start, end = (column_at(scale.place(number_of(limit)), room) for limit in (low, high))
        if start is not None and end is not None:
            row[start : end + 1] = "─" * (end + 1 - start)
            row[start], row[end] = "├", "┤"
        for number, mark in ((number_of(other), "◇"), (value, "●")):
            at = column_at(scale.place(number), room)
            if at is not None:
                row[at] = "◈" if row[at] == "◇" else mark
        yield [
            (f"{set_cell_size(label, left)}  ", ""),
            ("".join(row), colour),
            (f"  {text:>{right}}", ""),
        ]


def _beside_title(chart: Chart) -> str:
    return f"   ◇ {chart.beside.title}" if chart.beside else ""


# -- a plane ---------------------------------------------------------------------------------


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


# -- a map -----------------------------------------------------------------------------------


def _ground(place: float) -> str:
    """Return the colours of a cell with text."""
    if math.isnan(place):
        return ""
    level = min(int(place * len(DARK.cells)), len(DARK.cells) - 1)
    return f"{DARK.text} on {DARK.cells[level]}"


def _map(chart: Chart, width: int) -> Iterator[Line]:
    """Yield the cells of a map: the text of each, or a shade from the least to the largest."""
    assert chart.colour is not None
    x, y = (list(chart.columns[axis.column]) for axis in (chart.x, chart.y))
    numbers = list(map(number_of, chart.columns[chart.colour.column]))
    texts = chart.columns[chart.text] if chart.text else None
    scale = Scale(chart.colour, numbers)
    across, down = chart.names(chart.x), chart.names(chart.y)
    if chart.y.end:
        down = sorted(down, reverse=True)
    labels = label_texts([digits(v) if chart.y.end else v for v in down[:MOST_ROWS]], LABEL)
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
                line.append((set_cell_size(text, cell), _ground(place)))
        yield line
    hidden = (len(across) - len(shown_across), len(down) - len(labels))
    for n, noun in zip(hidden, ("columns", "rows"), strict=True):
        if n > 0:
            yield [(f"{n:,} more {noun} (-o picture.svg shows them)", "")]
    low, high = digits(scale.low), digits(scale.high)
    shades = "" if texts else f": {SHADES[0]}{low} to {SHADES[-1]} {high}"
    yield [(f"{chart.colour.title}{shades or f', {low} to {high}'}", "")]

"""A table for eyes: six significant digits, value ± error, facts; in a pipe plain and whole."""

from __future__ import annotations

import io
import sys
from typing import BinaryIO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rlcalc.result import Result
from rlcalc.vocabulary import Format

UNLIMITED = 1_000_000
FOOT = 90
GAP = 3  # between columns
LABEL = 80
"""Characters of a label on a terminal, where a prompt as a label would fill it; a pipe has all."""


def write(result: Result, form: Format, stream: BinaryIO, head: int | None) -> None:
    """Write the first rows as a table, and how many more there are."""
    terminal = stream is sys.stdout.buffer and sys.stdout.isatty()
    text = io.StringIO()
    console = Console(
        file=sys.stdout if terminal else text,
        force_terminal=terminal,
        width=None if terminal else UNLIMITED,
        highlight=False,
        soft_wrap=not terminal,
    )
    console.print(Text(result.title, style="bold"))
    if result.facts_first:
        console.print(_facts(result))
    if len(result) or not result.facts_first:
        for table in _tables(result, head, console.width if terminal else UNLIMITED):
            console.print(table)
    shown = len(result) if head is None else min(head, len(result))
    if shown < len(result):
        console.print(Text(f"{len(result) - shown:,} more rows (--all shows them)", style="italic"))
    if result.facts and not result.facts_first:
        for line in _foot(result.summary(), min(FOOT, console.width)):
            console.print(Text(line, style="dim"))
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    stream.write("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))


def _tables(result: Result, head: int | None, width: int) -> list[Table]:
    """Return the rows as one table, or as several below each other where the terminal is narrow.

    Each repeats the keys. A number is never cut; a long label is folded, one of a whole prompt cut.
    """
    heads, rows = result.display(range(len(result) if head is None else min(head, len(result))))
    rows = [list(map(_short, row)) for row in rows] if width != UNLIMITED else rows
    widths = [
        max(cell_len(name), *(cell_len(row[place]) for row in rows), 1)
        for place, name in enumerate(heads)
    ]
    left = result.left()
    keys = [place for place, key in enumerate(left) if key]
    others = [place for place, key in enumerate(left) if not key]
    if others:
        for place in keys:
            widths[place] = min(widths[place], max(8, width // (2 * len(keys)) - GAP))
    elif keys:
        before = sum(widths[place] + GAP for place in keys[:-1])
        widths[keys[-1]] = min(widths[keys[-1]], max(16, width - before))
    room = width - sum(widths[place] + GAP for place in keys)
    groups: list[list[int]] = [[]]
    for place in others:
        if groups[-1] and sum(widths[p] + GAP for p in (*groups[-1], place)) > room + GAP:
            groups.append([])
        groups[-1].append(place)
    tables = []
    for group in groups:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for place in (*keys, *group):
            name = Text(heads[place])
            if not left[place]:  # the cells have one width, and stand as they are
                name.pad_left(widths[place] - name.cell_len)
            table.add_column(
                name,
                no_wrap=not left[place],
                overflow="fold",
                width=widths[place],
            )
        for row in rows:
            table.add_row(
                *(Text(_cell(row[place], widths[place], left[place])) for place in (*keys, *group))
            )
        tables.append(table)
    return tables


def _short(cell: str) -> str:
    return cell if len(cell) <= LABEL else f"{cell[: LABEL - 1]}…"


def _cell(cell: str, width: int, left: bool) -> str:
    return cell if left else " " * (width - cell_len(cell)) + cell


def _foot(facts: list[tuple[str, str]], width: int) -> list[str]:
    lines = [""]
    for fact in map(" ".join, facts):
        longer = f"{lines[-1]} · {fact}" if lines[-1] else fact
        if len(longer) > width:
            lines.append(fact)
        else:
            lines[-1] = longer
    return lines


def _facts(result: Result) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in result.summary():
        table.add_row(Text(name, style="dim"), Text(value))
    return table

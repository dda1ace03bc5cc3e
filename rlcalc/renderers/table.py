"""A table for eyes: six significant digits, value ± error, facts; in a pipe plain and whole."""

from __future__ import annotations

import io
import sys
from typing import BinaryIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rlcalc.result import Result
from rlcalc.vocabulary import Format

UNLIMITED = 1_000_000
FOOT = 90


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
        console.print(_rows(result, head, terminal=terminal))
    shown = len(result) if head is None else min(head, len(result))
    if shown < len(result):
        console.print(Text(f"{len(result) - shown:,} more rows (--all shows them)", style="italic"))
    if result.facts and not result.facts_first:
        for line in _foot(result.summary()):
            console.print(Text(line, style="dim"))
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    stream.write("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))


def _rows(result: Result, head: int | None, *, terminal: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    heads, cells = result.display(range(len(result) if head is None else min(head, len(result))))
    for place, (name, left) in enumerate(zip(heads, result.left(), strict=True)):
        width = max((len(row[place]) for row in cells), default=1)
        table.add_column(
            Text(name),
            justify="left" if left else "right",
            no_wrap=not left,
            overflow="fold",
            min_width=None if left and terminal else width,  # a number is never cut
        )
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _foot(facts: list[tuple[str, str]]) -> list[str]:
    lines = [""]
    for fact in map(" ".join, facts):
        longer = f"{lines[-1]} · {fact}" if lines[-1] else fact
        if len(longer) > FOOT:
            lines.append(fact)
        else:
            lines[-1] = longer
    return lines


def _facts(result: Result) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in result.summary():
        table.add_row(Text(name, style="dim"), Text(value))
    return table

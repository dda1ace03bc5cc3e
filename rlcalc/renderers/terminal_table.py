"""A table on a terminal: in colours, and in several parts where the terminal is narrow."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rlcalc.errors import escaped
from rlcalc.renderers.column_fit import arranged_columns, folded, shortened
from rlcalc.renderers.page import page_lines
from rlcalc.renderers.table_layout import (
    FOOT,
    fact_lines,
    hidden_rows_line,
    padded_cell,
    table_rows,
)
from rlcalc.result import LEFT, Result

PAGE = {"head": "bold", "line": "", "more": "dim"}


def write(result: Result, head: int | None) -> None:
    """Write to standard output what `table.write` writes elsewhere."""
    console = Console(force_terminal=True, highlight=False)
    console.print(Text(escaped(result.title), style="bold"))
    if result.sections:
        for style, line in page_lines(result.sections):
            console.print(Text(line, style=PAGE[style]), soft_wrap=True)
        return
    if result.facts_first:
        console.print(_facts(result, console.width))
    if len(result) or not result.facts_first:
        for table in _tables(result, head, console.width):
            console.print(table)
    for line in hidden_rows_line(result, head):
        console.print(Text(line, style="italic"))
    if result.facts and not result.facts_first:
        for line in fact_lines(result.summary(), min(FOOT, console.width)):
            console.print(Text("\n".join(folded(line, console.width)), style="dim"))


def _tables(result: Result, head: int | None, width: int) -> list[Table]:
    """Return the rows as one table, or as several below each other where the terminal is narrow.

    Each repeats the keys. A number is never cut; text is folded where it must, and cut after lines.
    """
    heads, rows = result.display(table_rows(result, head))
    left = result.left()
    widths, parts = arranged_columns(heads, rows, left, width)
    roles = result.shown_roles()
    tables = []
    for part in parts:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for place in part:
            lines = folded(heads[place], widths[place])
            name = Text("\n".join(padded_cell(line, widths[place], left[place]) for line in lines))
            table.add_column(name, no_wrap=True, overflow="ignore", width=widths[place])
        for row in rows:
            table.add_row(*(_cell(row[place], widths[place], roles[place]) for place in part))
        tables.append(table)
    return tables


def _cell(cell: str, width: int, role: str) -> Text:
    """Return a cell: a number as it stands, text folded where it is wider than its column."""
    if role not in LEFT:
        return Text(padded_cell(cell, width, left=False))
    short = shortened(cell, width, lines=1) if role == "key" else shortened(cell, width)
    return Text("\n".join(folded(short, width)))


def _facts(result: Result, width: int) -> Table:
    table = Table.grid(padding=(0, 2))
    facts = result.summary()
    room = max(width - max((cell_len(name) for name, _ in facts), default=0) - 2, 8)
    for name, value in facts:
        lines = "\n".join(folded(value, room))
        table.add_row(Text(name, style="dim"), Text(lines, no_wrap=True, overflow="ignore"))
    return table

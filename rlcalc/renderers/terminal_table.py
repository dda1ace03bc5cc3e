"""A table on a terminal: in colours, and in several parts where the terminal is narrow."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rlcalc.errors import escaped
from rlcalc.renderers.page import page_lines
from rlcalc.renderers.table_layout import (
    FOOT,
    GAP,
    column_widths,
    fact_lines,
    hidden_rows_line,
    padded_cell,
    table_rows,
)
from rlcalc.result import Result

PAGE = {"head": "bold", "line": "", "more": "dim"}
LABEL = 80
"""Characters of a label on a terminal, where a prompt as a label would fill it; a pipe has all."""


def write(result: Result, head: int | None) -> None:
    """Write to standard output what `table.write` writes elsewhere."""
    console = Console(force_terminal=True, highlight=False)
    console.print(Text(escaped(result.title), style="bold"))
    if result.sections:
        for style, line in page_lines(result.sections):
            console.print(Text(line, style=PAGE[style]), soft_wrap=True)
        return
    if result.facts_first:
        console.print(_facts(result))
    if len(result) or not result.facts_first:
        for table in _tables(result, head, console.width):
            console.print(table)
    for line in hidden_rows_line(result, head):
        console.print(Text(line, style="italic"))
    if result.facts and not result.facts_first:
        for line in fact_lines(result.summary(), min(FOOT, console.width)):
            console.print(Text(line, style="dim"))


def _tables(result: Result, head: int | None, width: int) -> list[Table]:
    """Return the rows as one table, or as several below each other where the terminal is narrow.

    Each repeats the keys. A number is never cut; a long label is folded, one of a whole prompt cut.
    """
    heads, rows = result.display(table_rows(result, head))
    rows = [list(map(_short, row)) for row in rows]
    widths = column_widths(heads, rows)
    left = result.left()
    keys = [place for place, key in enumerate(left) if key]
    others = [place for place, key in enumerate(left) if not key]
    if others:
        share = max(8, width // (2 * len(keys)) - GAP)
        headed = {p: min(widths[p], max(share, cell_len(heads[p]))) for p in keys}
        widest = max(widths[place] for place in others)
        fits = sum(wide + GAP for wide in headed.values()) + widest <= width
        for place in keys:
            widths[place] = headed[place] if fits else min(widths[place], share)
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
            table.add_column(name, no_wrap=not left[place], overflow="fold", width=widths[place])
        for row in rows:
            chosen = ((row[place], widths[place], left[place]) for place in (*keys, *group))
            table.add_row(
                *(Text(cell if key else padded_cell(cell, wide, key)) for cell, wide, key in chosen)
            )
        tables.append(table)
    return tables


def _short(cell: str) -> str:
    return cell if len(cell) <= LABEL else f"{cell[: LABEL - 1]}…"


def _facts(result: Result) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in result.summary():
        table.add_row(Text(name, style="dim"), Text(value))
    return table

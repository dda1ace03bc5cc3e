"""A table of text: six significant digits, value ± error, and the facts below.

On a terminal `terminal_table` draws it by rich, in colours and within its width; a pipe gets plain
and whole lines, without the 20 ms that rich takes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO

from rich.cells import cell_len

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


def write(result: Result, form: str, stream: BinaryIO, head: int | None) -> None:
    """Write the first rows as a table, and how many more there are."""
    if stream is sys.stdout.buffer and sys.stdout.isatty():
        from rlcalc.renderers import terminal_table

        terminal_table.write(result, head)
        return
    text = "".join(f"{line.rstrip()}\n" for line in _lines(result, head))
    stream.write(text.encode("utf-8", "backslashreplace"))


def _lines(result: Result, head: int | None) -> Iterator[str]:
    yield escaped(result.title)
    if result.sections:
        yield from (line for _, line in page_lines(result.sections))
        return
    if result.facts_first:
        facts = result.summary()
        width = max((cell_len(name) for name, _ in facts), default=0)
        yield from (f"{padded_cell(name, width, left=True)}  {value}" for name, value in facts)
    if len(result) or not result.facts_first:
        heads, rows = result.display(table_rows(result, head))
        widths, left = column_widths(heads, rows), result.left()
        order = sorted(range(len(left)), key=lambda place: not left[place])  # keys come first
        drawn = [
            (" " * GAP).join(padded_cell(row[place], widths[place], left[place]) for place in order)
            for row in (heads, *rows)
        ]
        yield from (drawn[0], "─" * (sum(widths) + GAP * (len(widths) - 1)), *drawn[1:])
    yield from hidden_rows_line(result, head)
    if result.facts and not result.facts_first:
        yield from fact_lines(result.summary(), FOOT)

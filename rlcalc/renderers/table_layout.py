"""The layout of a table of text: its rows, the widths of its columns, and the facts below it."""

from __future__ import annotations

from rich.cells import cell_len

from rlcalc.result import Result

FOOT = 90
"""Width of the lines of facts below a table."""
GAP = 3
"""Blanks between two columns."""


def table_rows(result: Result, head: int | None) -> range:
    """Return the rows that a table shows."""
    return range(len(result) if head is None else min(head, len(result)))


def hidden_rows_line(result: Result, head: int | None) -> list[str]:
    """Return the line with the number of rows that are not shown, if there are any."""
    rest = len(result) - len(table_rows(result, head))
    return [f"{rest:,} more rows (--all shows them)"] if rest else []


def column_widths(heads: list[str], rows: list[list[str]]) -> list[int]:
    """Return the width that each column needs."""
    return [
        max(cell_len(name), *(cell_len(row[place]) for row in rows), 1)
        for place, name in enumerate(heads)
    ]


def padded_cell(cell: str, width: int, left: bool) -> str:
    """Return a cell as wide as its column."""
    room = " " * (width - cell_len(cell))
    return cell + room if left else room + cell


def fact_lines(facts: list[tuple[str, str]], width: int) -> list[str]:
    """Return facts one after the other, in lines of at most this width."""
    lines = [""]
    for fact in map(" ".join, facts):
        longer = f"{lines[-1]} · {fact}" if lines[-1] else fact
        if len(longer) > width:
            lines.append(fact)
        else:
            lines[-1] = longer
    return lines

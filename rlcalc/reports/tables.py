"""Tables of a report: the first rows of an answer, or its facts as rows."""

from __future__ import annotations

from rlcalc.pages import Table
from rlcalc.result import Column, Result

MOST_ROWS = 2000
"""Rows of a table in a page."""


def row_table(title: str, result: Result, command: str, *, is_open: bool = True) -> Table:
    """Return the first rows of an answer.

    Args:
        title: of the table.
        result: the answer.
        command: shows all its rows.
        is_open: see `Table`.
    """
    return Table(title, result.first(MOST_ROWS), len(result), command, is_open)


def facts_table(title: str, result: Result, command: str = "", *, is_open: bool = False) -> Table:
    """Return the facts of an answer, a row each; of a fact with parts, a row a part."""
    names, values = [], []
    for name, value in result.plain_facts().items():
        for part, number in value.items() if isinstance(value, dict) else [("", value)]:
            if number is not None and number != "":
                names.append(f"{name} {part}".rstrip().replace("_", " "))
                values.append(number)
    columns = {"fact": Column(names, "key"), "value": Column(values, "text")}
    return Table(title, Result(result.command, title, columns, {}), len(names), command, is_open)

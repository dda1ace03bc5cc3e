"""A table in Markdown, with the cells of the plain table and every row."""

from __future__ import annotations

from typing import BinaryIO

from rlcalc.result import Result


def write(result: Result, form: str, stream: BinaryIO, head: int | None) -> None:
    """Write the rows as a pipe table; keys to the left, numbers to the right."""
    heads, rows = result.display(range(len(result)))
    rule = [":---" if left else "---:" for left in result.left()]
    for cells in (heads, rule, *rows):
        line = " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells)
        stream.write(f"| {line} |\n".encode("utf-8", "backslashreplace"))

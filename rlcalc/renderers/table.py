"""A table of text: six significant digits, value ± error, and the facts below.

On a terminal `terminal` draws it by rich, in colours and within its width; a pipe gets plain and
whole lines, without the 20 ms that rich takes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO

from rich.cells import cell_len

from rlcalc.renderers.cells import FOOT, GAP, foot, more, padded, rows_of, widths_of
from rlcalc.result import Result


def write(result: Result, form: str, stream: BinaryIO, head: int | None) -> None:
    """Write the first rows as a table, and how many more there are."""
    if stream is sys.stdout.buffer and sys.stdout.isatty():
        from rlcalc.renderers import terminal

        terminal.write(result, head)
        return
    text = "".join(f"{line.rstrip()}\n" for line in _lines(result, head))
    stream.write(text.encode("utf-8", "backslashreplace"))


def _lines(result: Result, head: int | None) -> Iterator[str]:
    yield result.title
    if result.facts_first:
        facts = result.summary()
        width = max((cell_len(name) for name, _ in facts), default=0)
        yield from (f"{padded(name, width, left=True)}  {value}" for name, value in facts)
    if len(result) or not result.facts_first:
        heads, rows = result.display(rows_of(result, head))
        widths, left = widths_of(heads, rows), result.left()
        order = sorted(range(len(left)), key=lambda place: not left[place])  # keys come first
        drawn = [
            (" " * GAP).join(padded(row[place], widths[place], left[place]) for place in order)
            for row in (heads, *rows)
        ]
        yield from (drawn[0], "─" * (sum(widths) + GAP * (len(widths) - 1)), *drawn[1:])
    yield from more(result, head)
    if result.facts and not result.facts_first:
        yield from foot(result.summary(), FOOT)

"""A page of sections: a question, lines with names, and the command that shows more."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Literal

from rich.cells import cell_len

from rlcalc.errors import escaped
from rlcalc.renderers.table_layout import padded_cell
from rlcalc.result import Section

WIDTH = 80
"""The width of a page, whatever the terminal."""
GAP = 2
NAME = 11
"""The least width of the names."""
Style = Literal["head", "line", "more"]


def page_lines(sections: Sequence[Section]) -> Iterator[tuple[Style, str]]:
    """Yield the lines of a page, each with its style."""
    names = [escaped(name) for section in sections for name, _ in section.lines]
    width = min(24, max(NAME, *map(cell_len, names)))
    for section in sections:
        if not section.lines:
            continue
        yield "line", ""
        yield "head", section.title
        yield from (("line", line) for line in _section_lines(section, width))
        if section.more:
            yield "more", f"{' ' * GAP}more: {section.more}"


def _section_lines(section: Section, width: int) -> Iterator[str]:
    """Yield the lines of a section: one text is folded, several cells stand in columns."""
    tables = [cells for _, cells in section.lines if len(cells) > 1]
    widths = [max(map(cell_len, column)) for column in _columns(tables)]
    for name, cells in section.lines:
        label = escaped(name)
        start = " " * GAP + padded_cell(label, max(width, cell_len(label)), left=True)
        room = WIDTH - cell_len(start) - GAP
        if len(cells) > 1:
            padded = [
                padded_cell(cell, wide, left=False)
                for cell, wide in zip(cells, widths, strict=False)
            ]
            lines = _folded((" " * GAP).join(padded), room)
        else:
            lines = _folded(escaped(cells[0]), room)
        for line in lines:
            yield f"{start}{' ' * GAP}{line}"
            start = " " * cell_len(start)


def _folded(text: str, room: int) -> list[str]:
    return [text] if cell_len(text) <= room else textwrap.wrap(text, max(room, 24))


def _columns(rows: list[Sequence[str]]) -> list[list[str]]:
    return [
        [row[place] for row in rows if place < len(row)]
        for place in range(max(map(len, rows), default=0))
    ]

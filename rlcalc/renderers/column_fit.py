"""The columns of a table on a terminal: their widths, parts of a wide table, and folded text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

from rlcalc.renderers.table_layout import GAP, column_widths

LINES = 4
"""Lines of a cell that is folded in a column as narrow as it may become."""
LABEL = 80
"""Letters that a folded cell has at least; a prompt as a label would fill the terminal."""
WORD = 32
"""Letters of a word that a column keeps on one line, where all numbers then still fit."""

_PIECE = re.compile(r"[^\s/\\]*[\s/\\]+|[^\s/\\]+")
"""A word or a part of a path, with what ends it."""


def arranged_columns(
    heads: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[bool], width: int
) -> tuple[list[int], list[list[int]]]:
    """Return the width of each column, and which columns each part of the table has.

    Where the natural widths fit, nothing is folded. Else columns of text become narrower; if the
    numbers still do not fit, they are dealt to several parts, each behind all columns of text.

    Args:
        heads: the names of the columns.
        rows: their cells.
        left: which columns are text, which may be folded; the others are numbers.
        width: that of the terminal.
    """
    widths = column_widths(list(heads), [list(row) for row in rows])
    texts = [place for place, is_text in enumerate(left) if is_text]
    numbers = [place for place, is_text in enumerate(left) if not is_text]
    gaps = GAP * (len(widths) - 1)
    if sum(widths) + gaps <= width:
        return widths, [[*texts, *numbers]]
    least = [_least(widths[p], heads[p], [row[p] for row in rows]) for p in texts]
    all_numbers = sum(widths[place] for place in numbers)
    if sum(least) + all_numbers + gaps <= width:
        room = width - all_numbers - gaps
        shared = _shared(least, [widths[place] for place in texts], room)
        parts = [numbers]
    else:
        widest = max((widths[place] + GAP for place in numbers), default=0)
        room = width - widest - GAP * (len(texts) - 1)
        if widest:
            room = min(room, max(sum(least), (width - GAP * len(texts)) // 2))
        start = least if sum(least) <= room else [1] * len(texts)
        shared = _shared(start, [widths[place] for place in texts], room)
        beside = width - sum(shared) - GAP * len(texts)
        parts = _dealt(numbers, widths, beside)
    for place, wide in zip(texts, shared, strict=True):
        widths[place] = wide
    return widths, [[*texts, *part] for part in parts]


def folded(text: str, width: int) -> list[str]:
    """Return text in lines: broken behind a blank or a separator of a path, else anywhere.

    >>> folded("runs/first/steps.csv is empty", 12)
    ['runs/first/', 'steps.csv is', 'empty']
    """
    if cell_len(text) <= width:
        return [text]
    lines = [""]
    for piece in _PIECE.findall(text):
        if cell_len(lines[-1]) + cell_len(piece.rstrip()) <= width:
            lines[-1] += piece
        elif cell_len(piece.rstrip()) <= width:
            lines.append(piece)
        else:
            start = [] if lines[-1] else [lines.pop()]
            lines += chop_cells(piece.rstrip(), max(width, 2 - len(start)))
            lines[-1] += piece[len(piece.rstrip()) :]
    return [line.rstrip() for line in lines]


def shortened(text: str, width: int, lines: int = LINES) -> str:
    """Return text with an ellipsis where it would fill more than some lines of its column."""
    most = max(LABEL, lines * width)
    return text if len(text) <= most or cell_len(text) <= width else f"{text[: most - 1]}…"


def _least(natural: int, head: str, cells: Sequence[str]) -> int:
    """Return the least width of a column of text that reads well."""
    pieces = (cell_len(piece.rstrip()) for cell in cells for piece in _PIECE.findall(cell[:LABEL]))
    longest = min(max(pieces, default=1), WORD)
    return min(natural, max(cell_len(head), longest, -(-min(natural, LABEL) // LINES)))


def _shared(least: Sequence[int], natural: Sequence[int], room: int) -> list[int]:
    """Return widths between two bounds, the narrowest as wide as the others, within a room."""
    widths = list(least)
    spare = room - sum(widths)
    while spare > 0:
        open_ = [n for n, wide in enumerate(widths) if wide < natural[n]]
        if not open_:
            break
        narrowest = min(open_, key=lambda n: widths[n])
        widths[narrowest] += 1
        spare -= 1
    return widths


def _dealt(numbers: Sequence[int], widths: Sequence[int], room: int) -> list[list[int]]:
    """Return columns in as few parts as fit into a room, which are about equally wide."""
    n_parts = len(_filled(numbers, widths, room))
    for narrower in range(max((widths[place] for place in numbers), default=0), room):
        parts = _filled(numbers, widths, narrower)
        if len(parts) == n_parts:
            return parts
    return _filled(numbers, widths, room)


def _filled(numbers: Sequence[int], widths: Sequence[int], room: int) -> list[list[int]]:
    """Return columns in parts, each filled before the next one begins."""
    parts: list[list[int]] = [[]]
    for place in numbers:
        if parts[-1] and sum(widths[p] + GAP for p in (*parts[-1], place)) > room + GAP:
            parts.append([])
        parts[-1].append(place)
    return parts

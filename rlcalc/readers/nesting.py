"""Nesting: how deep lists and mappings may stand in each other, and whether a text goes deeper.

Polars takes minutes to find the type of a column that is nested hundreds of levels deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from rlcalc.errors import InputError

DEEPEST = 64
"""Levels that a document or a line may have."""

_PLAIN = frozenset({str, int, float, bool, type(None)})
_ESCAPED = re.compile(rb"\\.", re.DOTALL)


def too_deep(where: str) -> InputError:
    """Return the error of a value that is nested too deeply."""
    return InputError(
        f"nested more than {DEEPEST} levels deep", where, "write it with fewer levels of nesting"
    )


def is_deep(value: Any, text: str) -> bool:
    """Return whether a value of JSON is nested more than `DEEPEST` levels.

    Args:
        value: what the text says.
        text: has at least one bracket for each level, so that most values need no look.
    """
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    level = [value]
    for _ in range(DEEPEST):
        level = list(_containers_in(level))
        if not level:
            return False
    return True


def _containers_in(level: Iterable[Any]) -> Iterator[Any]:
    for one in level:
        parts = one.values() if isinstance(one, dict) else one
        if not _PLAIN.issuperset(map(type, parts)):
            yield from (part for part in parts if isinstance(part, list | dict))


def has_deep_line(block: bytes) -> bool:
    r"""Return whether a line of JSON is nested more than `DEEPEST` levels.

    A line so deep has more opening brackets than that. Of each 32 in the block one is looked at:
    where no line end stands between two of these, the line is read bracket by bracket.

    >>> has_deep_line(b"[" * 64 + b"]" * 64), has_deep_line(b"{}\n" + b"[" * 65 + b"]" * 65)
    (False, True)
    """
    import numpy as np

    data = np.frombuffer(block, dtype=np.uint8)
    opening = np.flatnonzero((data | 0x20) == ord("{"))  # [ and { differ in this bit alone
    end = -1
    for one, other in pairwise(opening[:: DEEPEST // 2].tolist()):
        if one > end and block.find(b"\n", one, other) < 0:
            begin, end = block.rfind(b"\n", 0, one) + 1, block.find(b"\n", one)
            end = len(block) if end < 0 else end
            if _depth(block[begin:end]) > DEEPEST:
                return True
    return False


def may_be_deep(block: bytes, n_lines: int) -> bool:
    """Return whether so many mappings in lines have enough brackets for one to be nested deeply."""
    import numpy as np

    data = np.frombuffer(block, dtype=np.uint8)
    n_open = sum(int(np.count_nonzero(data == ord(bracket))) for bracket in "{[")
    return n_open - n_lines >= DEEPEST


def _depth(line: bytes) -> int:
    """Return the most brackets that are open in a line, outside its strings."""
    import numpy as np

    data = np.frombuffer(_ESCAPED.sub(b"", line) if b"\\" in line else line, dtype=np.uint8)
    bracket = data | 0x20
    places = np.flatnonzero((bracket == ord("{")) | (bracket == ord("}")))
    quotes = np.flatnonzero(data == ord('"'))
    outside = places[np.searchsorted(quotes, places) % 2 == 0]
    steps = np.where(bracket[outside] == ord("{"), 1, -1)
    return int(np.cumsum(steps).max(initial=0))

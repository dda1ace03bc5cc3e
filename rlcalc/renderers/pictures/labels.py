"""Labels of data in a picture: escaped, cut, and still different from each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rlcalc.errors import shown

LONGEST = 40
"""Characters of a label in a picture."""


def label_texts(values: Iterable[Any], limit: int = LONGEST) -> dict[Any, str]:
    """Return the text of each name, in the order in which they first appear.

    >>> label_texts(["left", "up", "left"], 3)
    {'left': 'le…', 'up': 'up'}
    >>> label_texts(["lake north", "lake south"], 5)
    {'lake north': 'lake…', 'lake south': 'lake… (2)'}
    """
    texts: dict[Any, str] = {}
    taken: dict[str, int] = {}
    for value in values:
        if value in texts:
            continue
        text = "–" if value is None else shown(value, limit)
        taken[text] = number = taken.get(text, 0) + 1
        texts[value] = text if number == 1 else f"{text} ({number})"
    return texts

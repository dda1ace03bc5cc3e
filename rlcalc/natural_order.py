"""The order of names with numbers in them: run-2 comes before run-10."""

from __future__ import annotations

import re


def natural_order(name: str) -> list[str | int]:
    """Return what names are sorted by: their numbers count as numbers.

    Texts and numbers take turns, so that only like is compared with like.

    >>> sorted(["run-10", "run-2"], key=natural_order)
    ['run-2', 'run-10']
    """
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]

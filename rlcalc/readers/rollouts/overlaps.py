"""What is said of groups whose rollouts are not where those of one group belong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rlcalc.errors import listed, shown
from rlcalc.numerics.arrays import Ints


def overlaps_of_files(
    key: Ints, file: Ints, files: Sequence[str], names: Any
) -> tuple[int, list[str]]:
    """Return how many groups have rollouts in several files, and which, in words.

    Args:
        key: [N] the group of each row.
        file: [N] the file of each row.
        files: what they are called.
        names: [K] what the groups are called; None: nothing that says much.
    """
    last, first = np.zeros(int(key.max()) + 1, np.int64), np.zeros(int(key.max()) + 1, np.int64)
    last[key], first[key[::-1]] = file, file[::-1]  # the last that is written stays
    parted = np.flatnonzero(first != last)
    n = len(parted)
    if not n:
        return 0, []
    where = f"{shown(files[first[parted[0]]])} and {shown(files[last[parted[0]]])}"
    who = "" if names is None else f" ({listed([names[int(k)] for k in parted[:3]], 3, n)})"
    return n, [
        f"{n:,} {'group has' if n == 1 else 'groups have'} rollouts in several files{who}, "
        f"{'' if n == 1 else 'the first '}in {where}: two occurrences of a prompt may be merged, "
        "or the same rollouts read twice"
    ]


def overlaps_in_a_file(key: Ints, trainer: str) -> list[str]:
    """Return how many groups are several occurrences of a prompt, in words.

    Args:
        key: [R] the group of each run of rows.
        trainer: whose rows of one occurrence stand together.
    """
    places = np.bincount(key)
    n = int((places > 1).sum())
    if not n:
        return []
    return [
        f"{n:,} of {len(places):,} groups {'is' if n == 1 else 'are'} of a prompt that occurs in "
        f"several places: two occurrences are merged, as {trainer} does with them"
    ]

"""Snapshots: files and tables that hold again what an earlier one holds, and count once."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rlcalc.errors import shown

NUMBER_AND_HASH = re.compile(r"_\d+(?:_([0-9a-f]+))?(?=\.table\.json)")
DIGITS = 16
"""Digits of a hash in a name from which equal ones mean equal bytes; wandb writes 20."""


@dataclass(frozen=True)
class Table:
    """The last table of one name: its rows, and which file of the reading it is."""

    rows: Sequence[Any]
    file: int


@dataclass
class Snapshots:
    """The tables and files so far, and how many of them others replace."""

    tables: dict[str, Table] = field(default_factory=dict)
    hashes: dict[tuple[str, str], int] = field(default_factory=dict)  # by name and hash: the file
    files: dict[tuple[Any, ...], str] = field(default_factory=dict)  # the first of each size
    digests: dict[tuple[Any, ...], dict[bytes, str]] = field(default_factory=dict)  # if several
    replaced: list[tuple[str, str]] = field(default_factory=list)  # a table, and a later one

    def replaced_by(self, path: str, rows: Sequence[Any], file: int) -> int | None:
        """Return the file whose table has the name of this one, which begins with all its rows.

        wandb logs growing tables anew, whole, and TRL its last one twice.
        """
        name, match = NUMBER_AND_HASH.sub("", path), NUMBER_AND_HASH.search(path)
        before, self.tables[name] = self.tables.get(name), Table(rows, file)
        if match is not None and len(match[1] or "") >= DIGITS:
            same, self.hashes[name, match[1]] = self.hashes.get((name, match[1])), file
            if same not in (None, file):
                return same
        if before is None or before.file == file or not _begins(rows, before.rows):
            return None
        return before.file

    def twin(self, path: str, step: int | None) -> str | None:
        """Return an earlier file of the same folder and step that has the same bytes."""
        if not os.path.isfile(path):
            return None
        key = (os.path.dirname(path), step, os.path.getsize(path))
        first = self.files.setdefault(key, path)
        if first == path:
            return None
        others = self.digests.setdefault(key, {})
        if not others:
            others[_digest(first)] = first
        digest = _digest(path)
        same = others.setdefault(digest, path)
        return None if same == path else same

    def notes(self) -> list[str]:
        """Return which tables count once, in words."""
        if not self.replaced:
            return []
        n, (table, later) = len(self.replaced), self.replaced[0]
        which = f"{shown(table)} is" if n == 1 else f"{n:,} tables are"
        first = "it" if n == 1 else f"the first, {shown(table)}"
        return [f"{which} left out: {shown(later)} begins with all rows of {first}"]


def _digest(path: str) -> bytes:
    """Return bytes that are the same for files with the same ones."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()


def _begins(rows: Sequence[Any], before: Sequence[Any]) -> bool:
    """Whether rows begin with others; NaN is equal to NaN here."""
    n = len(before)
    if not 0 < n <= len(rows) or repr(rows[0]) != repr(before[0]):
        return False
    return rows[:n] == before or repr(rows[:n]) == repr(before)

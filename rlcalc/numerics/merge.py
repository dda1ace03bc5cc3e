"""Merge: summaries of parts of the data, and tables by key, become those of the whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.key_union import KeyUnion

EXTREMES = {"least": np.minimum, "greatest": np.maximum}
"""Columns that keep the least or the greatest of the data, and what does so."""


ROWS = 1 << 15
"""Rows that are merged at a time: what lies between two tables and their sum fits a cache."""


@dataclass(frozen=True)
class MergeableTable(ABC):
    """Columns with one row a key, in rising order.

    Columns that are one array stay one array: tables of clusters of one visit each have several.
    """

    MEANS: ClassVar[tuple[tuple[str, str], ...]]
    """Columns: counts and their means, in pairs; all but these, `key` and extremes are sums."""

    key: Ints  # [K] ascending

    def take(self, place: Ints | slice) -> Self:
        """Return the rows at some places; their keys need not be in rising order."""
        taken: dict[int, Any] = {}
        columns = {c.name: getattr(self, c.name) for c in fields(self)}
        for column in columns.values():
            if id(column) not in taken:
                taken[id(column)] = column[place]
        return type(self)(**{name: taken[id(column)] for name, column in columns.items()})

    def merge(self, later: Self, union: KeyUnion | None = None) -> Self:
        """Return the table of both sets of clusters, which have no cluster in common.

        Sums around the same means are added, so the rows of keys that both tables have are first
        moved to the merged means. The other rows stay as they are.

        Args:
            later: the other table.
            union: of the keys of both, where it is known.
        """
        union = union or KeyUnion.of(self.key, later.key)
        names = [column.name for column in fields(self) if column.name != "key"]
        columns: dict[str, Any] = {}
        filled: dict[str, Any] = {}  # those of them that are not the same array as another one
        for first, second, places in union.parts_of_shared(ROWS):
            part = self.take(first)._merged_rows(later.take(second))
            if not columns:
                columns, filled = self._new_columns(later, part, union)
            for name, column in filled.items():
                column[places] = getattr(part, name)
        return type(self)(key=union.key, **{name: columns[name] for name in names})

    def _new_columns(
        self, later: Self, part: Self, union: KeyUnion
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return columns with the rows of keys that one table has: all, and each array once.

        Args:
            later: the other table.
            part: some of the rows of keys that both have, merged.
            union: of the keys.
        """
        columns: dict[str, Any] = {}
        first_with: dict[tuple[int, int, int], str] = {}
        for name in (c.name for c in fields(self) if c.name != "key"):
            one, two = getattr(self, name), getattr(later, name)
            same = first_with.setdefault((id(one), id(two), id(getattr(part, name))), name)
            columns[name] = columns[same] if same in columns else union.empty(one, two)
        return columns, {name: columns[name] for name in first_with.values()}

    def _merged_rows(self, later: Self) -> Self:
        """Return the table of both sets of clusters of the same keys."""
        means = [
            merged_mean(
                getattr(self, n), getattr(self, mean), getattr(later, n), getattr(later, mean)
            )
            for n, mean in self.MEANS
        ]
        one, two = self.around(*means), later.around(*means)
        kept = {"key", *(mean for _, mean in self.MEANS)}
        columns: dict[str, Any] = {}
        done: dict[tuple[int, int, Any], Any] = {}
        for name in (c.name for c in fields(self) if c.name not in kept):
            first, second = getattr(one, name), getattr(two, name)
            merge = EXTREMES.get(name, np.add)
            same = (id(first), id(second), merge)
            if same not in done:
                done[same] = merge(first, second)
            columns[name] = done[same]
        return replace(one, **columns)

    @abstractmethod
    def around(self, *means: Floats) -> Self:
        """Return the same sums around other means, one for each entry of `MEANS`."""


class Mergeable(Protocol):
    """A summary of some of the data, which merges with that of later data."""

    def merge(self, later: Self) -> Self:
        """Return the summary of both."""


Part = TypeVar("Part", bound=Mergeable)


class MergeTree(Generic[Part]):
    """Parts that are merged as they come, by a tree that their number alone decides.

    Parts 0 and 1 are merged, then 2 and 3, then these two pairs, and so on, as a binary counter
    carries: each part is merged log2(n) times, and at most log2(n) summaries wait.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Part]] = []  # (level, summary of 2^level parts), falling

    def add(self, part: Part, level: int = 0) -> None:
        """Take the part that follows those before.

        Args:
            part: a part, or the summary of 2^level parts, before which a multiple of 2^level came.
            level: of the summary.
        """
        while self._waiting and self._waiting[-1][0] == level:
            part = self._waiting.pop()[1].merge(part)
            level += 1
        self._waiting.append((level, part))

    def total(self) -> Part | None:
        """Return the summary of all parts so far: what waits is merged from the last one back."""
        total: Part | None = None
        for _, part in reversed(self._waiting):
            total = part if total is None else part.merge(total)
        return total


def merged(parts: Iterable[Part]) -> Part | None:
    """Return the summary of all parts, merged in their order by a tree; None without parts."""
    tree = MergeTree[Part]()
    for part in parts:
        tree.add(part)
    return tree.total()


def merged_mean(n: Ints, mean: Floats, m: Ints, other: Floats) -> Floats:
    """Return the mean of n + m values from the means of the n and of the m."""
    merged: Floats = mean + (other - mean) * (m / np.maximum(n + m, 1))
    return merged

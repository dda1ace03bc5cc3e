"""Merge: summaries of parts of the data, and tables by key, become those of the whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints, union_of_keys

EXTREMES = {"least": np.inf, "greatest": -np.inf}
"""Columns that keep the least or the greatest of the data, and what they are without any."""


@dataclass(frozen=True)
class MergeableTable(ABC):
    """Columns with one row a key, in rising order."""

    MEANS: ClassVar[tuple[tuple[str, str], ...]]
    """Columns: counts and their means, in pairs; all but these, `key` and extremes are sums."""

    key: Ints  # [K] ascending

    def take(self, place: Ints) -> Self:
        """Return the rows at some places; their keys need not be in rising order."""
        return type(self)(**{c.name: getattr(self, c.name)[place] for c in fields(self)})

    def merge(self, later: Self) -> Self:
        """Return the table of both sets of clusters, which have no cluster in common.

        Sums around the same means are added, so both tables are first moved to the merged means.
        """
        one, two = self, later
        if not np.array_equal(self.key, later.key):
            key, first, second = union_of_keys(self.key, later.key)
            one, two = self._spread(key, first), later._spread(key, second)
        means = [
            merged_mean(getattr(one, n), getattr(one, mean), getattr(two, n), getattr(two, mean))
            for n, mean in self.MEANS
        ]
        one, two = one.around(*means), two.around(*means)
        added = {c.name for c in fields(self)} - {"key", *(mean for _, mean in self.MEANS)}
        columns = {name: getattr(one, name) + getattr(two, name) for name in added - {*EXTREMES}}
        for name, extreme in zip(EXTREMES, (np.minimum, np.maximum), strict=True):
            if name in added:
                columns[name] = extreme(getattr(one, name), getattr(two, name))
        return replace(one, **columns)

    def _spread(self, key: Ints, place: Ints) -> Self:
        """Return the table with a row for each entry of `key`, its own rows at these places."""
        columns: dict[str, Any] = {"key": key}
        for name in (c.name for c in fields(self) if c.name != "key"):
            values = getattr(self, name)
            columns[name] = np.full(len(key), EXTREMES.get(name, 0), values.dtype)
            columns[name][place] = values
        return type(self)(**columns)

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

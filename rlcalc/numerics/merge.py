"""Merge: summaries of parts of the data, and tables by key, become those of the whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Protocol, Self, TypeVar

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints, aligned


@dataclass(frozen=True)
class MergeableTable(ABC):
    """Columns with one row a key, in rising order; `spread` aligns two tables to merge them."""

    MEANS: ClassVar[tuple[tuple[str, str], ...]]
    """Columns: counts and their means, in pairs; all others but `key` are sums."""

    key: Ints  # [K] ascending

    def spread(self, key: Ints) -> Self:
        """Return the same table with one row for each entry of `key`; new rows hold 0.

        Args:
            key: ascending, and contains every key of this table.
        """
        if len(key) == len(self.key):
            return self
        columns = {c.name: aligned(getattr(self, c.name), self.key, key) for c in fields(self)}
        return type(self)(**{**columns, "key": key})

    def take(self, place: Ints) -> Self:
        """Return the rows at some places; their keys need not be in rising order."""
        return type(self)(**{c.name: getattr(self, c.name)[place] for c in fields(self)})

    def merge(self, later: Self) -> Self:
        """Return the table of both sets of clusters, which have no cluster in common.

        Sums around the same means are added, so both tables are first moved to the merged means.
        """
        same = np.array_equal(self.key, later.key)
        key = self.key if same else np.union1d(self.key, later.key)
        one, two = self.spread(key), later.spread(key)
        means = [
            merged_mean(getattr(one, n), getattr(one, mean), getattr(two, n), getattr(two, mean))
            for n, mean in self.MEANS
        ]
        one, two = one.around(*means), two.around(*means)
        added = {c.name for c in fields(self)} - {"key", *(mean for _, mean in self.MEANS)}
        return replace(one, **{name: getattr(one, name) + getattr(two, name) for name in added})

    @abstractmethod
    def around(self, *means: Floats) -> Self:
        """Return the same sums around other means, one for each entry of `MEANS`."""


class Mergeable(Protocol):
    """A summary of some of the data, which merges with that of later data."""

    def merge(self, later: Self) -> Self:
        """Return the summary of both."""


Part = TypeVar("Part", bound=Mergeable)


def merged(parts: Iterable[Part]) -> Part | None:
    """Return the summary of all parts, merged in their order; None where there are none."""
    total: Part | None = None
    for part in parts:
        total = part if total is None else total.merge(part)
    return total


def merged_mean(n: Ints, mean: Floats, m: Ints, other: Floats) -> Floats:
    """Return the mean of n + m values from the means of the n and of the m."""
    merged: Floats = mean + (other - mean) * (m / np.maximum(n + m, 1))
    return merged

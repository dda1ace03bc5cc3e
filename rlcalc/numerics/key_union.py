"""The union of two tables' keys: where the rows of each go, and which rows both have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.numerics.arrays import Ints, differs_from_previous


@dataclass(frozen=True)
class KeyUnion:
    """K keys in rising order, those of one table of N rows and of another one of M."""

    key: Ints  # [K]
    first: Ints | None  # [N] the place of each key of the first table; None: they are all the keys
    second: Ints | None  # [M] the same of the second table
    first_shared: Ints | slice  # the rows of the first table whose keys are in the second too
    second_shared: Ints | slice  # the rows of the second one that these are

    @classmethod
    def of(cls, one: Ints, two: Ints) -> KeyUnion:
        """Return the union of two arrays of rising keys."""
        if np.array_equal(one, two):
            return cls(one, None, None, slice(None), slice(None))
        both = np.concatenate([one, two])
        order = np.argsort(both, kind="stable")  # two runs, which are merged
        new = differs_from_previous(both.take(order))
        place = np.empty(len(both), dtype=np.int64)
        place[order] = np.cumsum(new) - 1
        again = np.flatnonzero(~new)  # each behind the same key of the first table
        key = np.empty(int(new.sum()), dtype=one.dtype)
        key[place] = both
        return cls(
            key,
            place[: len(one)],
            place[len(one) :],
            order.take(again - 1),
            order.take(again) - len(one),
        )

    @cached_property
    def shared(self) -> Ints | slice:
        """The places of the keys that both tables have."""
        return slice(None) if self.first is None else self.first[self.first_shared]

    @cached_property
    def first_alone(self) -> Ints:
        """The rows of the first table whose keys are not in the second one."""
        return self._others(self.first, self.first_shared)

    @cached_property
    def second_alone(self) -> Ints:
        """The rows of the second table whose keys are not in the first one."""
        return self._others(self.second, self.second_shared)

    def _others(self, rows: Ints | None, shared: Ints | slice) -> Ints:
        alone = np.ones(0 if rows is None else len(rows), dtype=bool)
        alone[shared] = False
        return np.flatnonzero(alone)

    def empty(self, one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
        """Return a column for all keys, with the rows that only one of two columns has.

        Args:
            one: [N] of the first table.
            two: [M] of the second table.
        """
        column = np.empty(len(self.key), np.result_type(one, two))
        if self.first is not None and self.second is not None:
            column[self.first.take(self.first_alone)] = one.take(self.first_alone)
            column[self.second.take(self.second_alone)] = two.take(self.second_alone)
        return column

    def sums(self, one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
        """Return [K] the sums of two columns, [N] and [M]."""
        column = self.empty(one, two)
        column[self.shared] = one[self.first_shared] + two[self.second_shared]
        return column

    def least(self, one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
        """Return [K] the smaller of two columns, [N] and [M], where both have the key."""
        column = self.empty(one, two)
        column[self.shared] = np.minimum(one[self.first_shared], two[self.second_shared])
        return column

    def parts_of_shared(self, size: int) -> Iterator[tuple[Any, Any, Any]]:
        """Yield the keys that both tables have part by part: rows of each table, and places.

        Args:
            size: keys of a part; there is one part at least.
        """
        n = len(self.key) if isinstance(self.shared, slice) else len(self.shared)
        for begin in range(0, max(n, 1), size):
            part = slice(begin, begin + size)
            if isinstance(self.shared, slice):
                yield part, part, part
            else:
                yield self.first_shared[part], self.second_shared[part], self.shared[part]  # type: ignore[index]

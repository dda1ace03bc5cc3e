"""The union of two tables' keys: where the rows of each go, and which rows both have."""

from __future__ import annotations

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

    def column(self, one: NDArray[Any], two: NDArray[Any], of_shared: NDArray[Any]) -> NDArray[Any]:
        """Return a column of all keys.

        Args:
            one: [N] of the first table.
            two: [M] of the second table.
            of_shared: of the keys that both have, in their order.
        """
        if self.first is None or self.second is None:
            return of_shared
        column = np.empty(len(self.key), np.result_type(one, two))
        column[self.first] = one
        column[self.second] = two
        column[self.shared] = of_shared
        return column

    def rows_of_shared(
        self, one: NDArray[Any], two: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the entries of two columns, [N] and [M], for the keys that both have."""
        return one[self.first_shared], two[self.second_shared]

    def sums(self, one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
        """Return [K] the sums of two columns, [N] and [M]."""
        first, second = self.rows_of_shared(one, two)
        return self.column(one, two, first + second)

    def least(self, one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
        """Return [K] the smaller of two columns, [N] and [M], where both have the key."""
        first, second = self.rows_of_shared(one, two)
        return self.column(one, two, np.minimum(first, second))

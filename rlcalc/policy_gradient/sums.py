"""Sums over episodes by key, their addition field by field, and their quotients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Self, TypeVar

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.moments import merged


class Sums:
    """Arrays that add up."""

    def merge(self, later: Self) -> Self:
        """Return the sums over both sets of episodes."""
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return type(self)(*(getattr(self, name) + getattr(later, name) for name in names))


def summed(key: Ints, values: Floats | None, size: int) -> Floats:
    """Return [size] the sum of the values of each key; without values, how often it occurs."""
    return np.bincount(key, values, size).astype(np.float64)


def quotient(total: Floats, count: Floats) -> Floats:
    """Return total / count, and 0 where the count is 0."""
    return np.divide(total, count, out=np.zeros_like(total), where=count != 0)


Sum = TypeVar("Sum", bound=Sums)


def merged_sums(several: Iterable[Sum]) -> Sum:
    """Return the sum of sums, added in their order.

    Raises:
        InputError: there is none.
    """
    total = merged(several)
    if total is None:
        raise InputError("there is no episode to estimate from")
    return total

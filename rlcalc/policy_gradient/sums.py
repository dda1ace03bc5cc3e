"""Sums over episodes by key, their addition field by field, and their quotients."""

from __future__ import annotations

from dataclasses import fields
from typing import Self

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints


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

"""Bins: intervals of one round width that hold some numbers, for histograms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Flags, Floats, Ints

MOST_BINS = 40


@dataclass(frozen=True)
class Bins:
    """B bins of one width, and the bin of each of N numbers."""

    edge: Floats  # [B + 1] bin b is edge[b] <= x < edge[b + 1]
    place: Ints  # [N]

    def counts(self, chosen: Flags | None = None) -> Ints:
        """Return [B] how many numbers are in each bin, or how many of the chosen ones."""
        return np.bincount(self.place, chosen, minlength=len(self.edge) - 1).astype(np.int64)


def bins_of(values: Floats | Ints, most: int = MOST_BINS) -> Bins:
    """Return at most so many bins of a width 1, 2 or 5 times a power of ten, for whole numbers ≥ 1.

    Whole numbers of a small range have bins of their own, centred around them.

    >>> bins_of(np.array([1, 3, 3])).edge.tolist()
    [0.5, 1.5, 2.5, 3.5]
    >>> bins_of(np.array([0.0, 0.25, 1.0]), 5).edge.tolist()
    [0.0, 0.5, 1.0, 1.5]

    Args:
        values: [N] finite numbers, at least one.
        most: the number of bins.
    """
    low, high = float(values.min()), float(values.max())
    whole = bool((values == np.round(values)).all())
    width = round_width((high / most - low / most) * (1 + 1e-9), whole=whole)
    if not width or not math.isfinite(width):  # all are equal, or as good as that
        width = max(abs(low), 1.0) if not whole or abs(low) > 1e15 else 1.0
    centred = width / 2 if whole and width == 1 else 0.0
    first = math.floor((low + centred) / width + 1e-9)
    place = np.floor((values + centred) / width + 1e-9).astype(np.int64) - first
    number = np.arange(int(place.max()) + 2)
    edge = np.array((first + number) * width - centred, dtype=np.float64)
    return Bins(edge, np.maximum(place, 0))


def round_width(width: float, *, whole: bool = False) -> float:
    """Return the least number 1, 2 or 5 times a power of ten that is above a width.

    >>> round_width(0.03), round_width(0.3, whole=True), round_width(0.0)
    (0.05, 1.0, 0.0)

    Args:
        width: at least 0.
        whole: not below 1.
    """
    if whole and width <= 1:
        return 1.0
    if not 1e-300 < width < 1e300:
        return 0.0
    power = 10.0 ** math.floor(math.log10(width))
    return next(step * power for step in (1, 2, 5, 10, 20) if step * power > width)

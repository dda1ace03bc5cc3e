"""Spread: count, mean, deviation and extremes of plain numbers, from one pass over each part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Floats


@dataclass(frozen=True)
class Spread:
    """n values: their mean, Σ (x − mean)², the least and the greatest."""

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0
    least: float = np.inf
    greatest: float = -np.inf

    @classmethod
    def of(cls, values: Floats) -> Spread:
        """Return the spread of values, of which NaN are left out."""
        known = values[~np.isnan(values)]
        if not len(known):
            return cls()
        mean = float(known.mean())
        left = known - mean
        return cls(len(known), mean, float(left @ left), float(known.min()), float(known.max()))

    def merge(self, later: Spread) -> Spread:
        """Return the spread of both.

            Σ = Σ₁ + Σ₂ + (mean₂ − mean₁)² n₁ n₂ / (n₁ + n₂)

        Source: Chan, Golub & LeVeque (1979).
        """
        n = self.n + later.n
        if not n:
            return self
        share, moved = later.n / n, later.mean - self.mean
        squares = self.squares + later.squares + moved * moved * self.n * share
        least, greatest = min(self.least, later.least), max(self.greatest, later.greatest)
        return Spread(n, self.mean + moved * share, squares, least, greatest)

    def moved(self, by: float, scale: float) -> Spread:
        """Return the spread of (x − by) / scale, with a scale above 0."""
        least, greatest = (self.least - by) / scale, (self.greatest - by) / scale
        mean, squares = (self.mean - by) / scale, self.squares / scale / scale
        return Spread(self.n, mean, squares, least, greatest)

    def variance(self, ddof: int = 0) -> float:
        """Return Σ (x − mean)² / (n − ddof); NaN where there are too few values."""
        return self.squares / (self.n - ddof) if self.n > ddof else float("nan")

"""Roundings that numbers show: to decimals, to significant digits, or to a short float."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlcalc.numerics.arrays import Floats

MOST_DIGITS = 6
"""The most digits that are tried: with more, rounding is as fine as that of float32."""


@dataclass(frozen=True)
class Rounding:
    """One way to round: the kind of digits, and how many are kept."""

    kind: Literal["decimal", "significant digit", "bit"]
    digits: int

    def __str__(self) -> str:
        if self.kind == "bit":
            return {8: "bfloat16", 11: "float16"}[self.digits]
        return f"{self.digits} {self.kind}{'s' * (self.digits > 1)}"

    def unit(self, values: Floats) -> Floats:
        """Return the value of the last digit of each number: 0.71 → 0.01."""
        base = 2.0 if self.kind == "bit" else 10.0
        if self.kind == "decimal":
            return np.full(len(values), base**-self.digits)
        size = np.abs(np.where(np.isfinite(values) & (values != 0), values, 1.0))
        log = np.log2(size) if self.kind == "bit" else np.log10(size)
        return np.where(values != 0, base ** (np.floor(log) + 1 - self.digits), 0.0)

    def fits(self, values: Floats) -> bool:
        """Return whether all values, none of them 0, are multiples of their units."""
        scaled = values / self.unit(values)
        return bool((np.abs(scaled - np.round(scaled)) <= 1e-6).all())


def roundings(values: Floats) -> list[Rounding]:
    """Return the coarsest rounding of each kind that values show; whole numbers show none.

    Args:
        values: none of them 0.
    """
    if not len(values) or (values == np.round(values)).all():
        return []
    kinds = [
        [Rounding("decimal", digits) for digits in range(1, MOST_DIGITS + 1)],
        [Rounding("significant digit", digits) for digits in range(1, MOST_DIGITS + 1)],
        [Rounding("bit", digits) for digits in (8, 11)],
    ]
    coarsest = (next((one for one in kind if one.fits(values)), None) for kind in kinds)
    return [rounding for rounding in coarsest if rounding]

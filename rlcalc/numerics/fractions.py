"""Fractions: floats as the exact decimals that they print as."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rlcalc.numerics.arrays import Floats


def fraction(number: float) -> Fraction:
    """Return the shortest decimal that is this float, as a fraction.

    >>> fraction(0.9), Fraction(0.9) == fraction(0.9)
    (Fraction(9, 10), False)
    """
    return Fraction(repr(float(number)))


def fractions_of(numbers: Floats) -> Floats:
    """Return floats as an array of `fraction`."""
    return np.array([fraction(number) for number in numbers.tolist()], dtype=object)

"""Fractions: the decimals that floats print as."""

from fractions import Fraction

import numpy as np

from rlcalc.numerics.fractions import fraction, fractions_of


def test_a_float_is_the_decimal_that_it_prints_as() -> None:
    assert fraction(0.1) + fraction(0.2) == Fraction(3, 10)
    assert fractions_of(np.array([0.5, 1e-3])).tolist() == [Fraction(1, 2), Fraction(1, 1000)]

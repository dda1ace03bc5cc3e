"""Significant digits: a number beside its error, with as many digits as the error allows."""

from __future__ import annotations

import math

DIGITS = 6
"""Significant digits of a number in a table, at most."""
ERROR_DIGITS = 2
"""Significant digits of an error, as the Particle Data Group writes it."""
SMALLEST, LARGEST = 1e-6, 10.0**DIGITS
"""Numbers between them are written without an exponent."""


def with_error(value: float, error: float) -> tuple[str, str]:
    """Return a number and its error as text: two digits of the error, and the number's to there.

    A number has at most six digits. An error of 0, or none, leaves the number as it is; an error
    of 100 or more is a whole number.

    >>> with_error(0.0146271, 0.00400163), with_error(3.0, 1.08012), with_error(-1e-9, 0.05)
    (('0.0146', '0.0040'), ('3.0', '1.1'), ('0.000', '0.050'))

    >>> with_error(12345.6, 234.5), with_error(1.5, 0.0), with_error(1.234e-9, 4.5e-11)
    (('12346', '234'), ('1.5', '0'), ('1.234e-09', '4.5e-11'))
    """
    if not math.isfinite(value) or not math.isfinite(error) or error <= 0:
        return f"{value:.{DIGITS}g}", f"{error:.{DIGITS}g}"
    last = exponent_of(error, ERROR_DIGITS) - ERROR_DIGITS + 1  # 10^last is the last digit's unit
    first = exponent_of(value, DIGITS) if value else last
    if first - last >= DIGITS:
        return f"{value:.{DIGITS}g}", f"{error:.{ERROR_DIGITS}g}"
    if max(abs(value), error) < LARGEST and error >= SMALLEST:
        decimals = max(-last, 0)
        return unsigned_zero(f"{value:.{decimals}f}"), f"{error:.{decimals}f}"
    mantissa = max(first - last, 0)
    text = f"{value:.{mantissa}e}" if value else "0"
    return text, f"{error:.{ERROR_DIGITS - 1}e}"


def exponent_of(number: float, digits: int) -> int:
    """Return the power of ten of a number's first digit, once it is rounded to some digits."""
    return int(f"{number:.{digits - 1}e}".rpartition("e")[2])


def unsigned_zero(text: str) -> str:
    """Return a number without its sign where it is rounded to 0."""
    return text.lstrip("-") if not text.strip("-0.") else text

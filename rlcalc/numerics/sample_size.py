"""Sample sizes: how many data a confidence interval of a given width needs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlcalc.errors import UsageError
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.intervals import student_t

TABLE = 400
"""Sizes whose quantile of t is looked up; above it, it is that at the size for the normal one."""


class SampleSize(NamedTuple):
    """[K] numbers of data, and limits of them that follow from the uncertainty of the variance."""

    size: Floats
    low: Floats
    high: Floats


def require_half_width(half_width: float | None) -> None:
    """Refuse a half width that is no positive number.

    Raises:
        UsageError: it is none.
    """
    if half_width is not None and not 0 < half_width < np.inf:
        raise UsageError(
            f"--precision {half_width:g} is no half width of an interval",
            fix="write the largest acceptable error of a value, such as --precision 0.01",
        )


def sample_size(error: Floats, n: Ints, half_width: float, confidence: float) -> SampleSize:
    """Return the smallest m with  t(m − 1) s/√m ≤ h,  where s = error √n, and limits of m.

    The limits are those for s² (n − 1)/χ² at both ends of the interval of χ²(n − 1), which is exact
    for normal data; heavier tails leave more uncertainty. m is NaN where s is not known.

    Args:
        error: [K] standard errors of means.
        n: [K] the data that each comes from.
        half_width: h, above 0.
        confidence: of the interval of the mean, and of the limits, between 0 and 1.

    Source: Cochran (1977), Sampling Techniques, section 4.6.
    """
    from scipy.special import chdtri

    known = np.isfinite(error) & (n > 1)
    s, degrees = error * np.sqrt(n), np.maximum(n - 1, 1)
    tail = (1 - confidence) / 2
    with np.errstate(all="ignore"):
        shrunk, grown = (s * np.sqrt(degrees / chdtri(degrees, p)) for p in (tail, 1 - tail))
    sizes = (
        np.where(known, _size(part / half_width, confidence), np.nan) for part in (s, shrunk, grown)
    )
    return SampleSize(*sizes)


def _size(ratio: Floats, confidence: float) -> Floats:
    """Return [K] the smallest m ≥ 2 with t(m − 1)/√m ≤ 1/ratio."""
    m = np.arange(2, TABLE + 1)
    t = student_t(confidence, m - 1)
    least_ratio = np.sqrt(m) / t  # rises: m is enough for ratios up to this
    place = np.searchsorted(least_ratio, ratio)
    with np.errstate(over="ignore", invalid="ignore"):
        normal = (t[-1] * ratio) ** 2  # a little too large, and above the table
        z = _t_of_many(confidence, normal, t[-1])
        large = np.ceil((z * ratio) ** 2)
    return np.where(place < len(m), m[np.minimum(place, len(m) - 1)].astype(np.float64), large)


def _t_of_many(confidence: float, m: Floats, most: float) -> Floats:
    """Return t(m − 1) for m above the table: it falls like z + (z³ + z)/4m from its last entry."""
    z = float(student_t(confidence, np.array([1 << 40]))[0])
    return np.minimum(z + (z**3 + z) / (4 * np.maximum(m - 1, 1.0)), most)

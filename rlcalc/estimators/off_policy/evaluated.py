"""Estimates of a policy's value: what a method gives, and means and ratios over episodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Floats


@dataclass(frozen=True)
class Estimated:
    """A value, and how far each episode moved it: the influences sum to 0."""

    value: float  # in reward units
    influence: Floats  # [E] in reward units

    @property
    def error(self) -> float:
        """√(E/(E−1) Σ_e IF_e²), NaN for a single episode."""
        n = len(self.influence)
        if n < 2:
            return float("nan")
        return float(np.sqrt(np.square(self.influence).sum() * (n / (n - 1))))


def mean_of(values: Floats) -> Estimated:
    """Return the mean of one number an episode: IF_e = (x_e − x̄)/E."""
    mean = float(values.mean())
    return Estimated(mean, (values - mean) / len(values))


def ratio_of(totals: Floats, sizes: Floats) -> Estimated:
    """Return Σ T_e / Σ k_e: IF_e = (T_e − k_e m)/Σ k. Without any size the value is not a number.

    Source: Cochran (1977), section 6.4, for the error of a ratio.
    """
    total = float(sizes.sum())
    if not total > 0:
        return Estimated(float("nan"), np.full(len(totals), np.nan))
    value = float(totals.sum() / total)
    return Estimated(value, (totals - value * sizes) / total)

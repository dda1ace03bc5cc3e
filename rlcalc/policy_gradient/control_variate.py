"""Control variates: mean and variance of x − b h for any b, over episodes, for several keys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.policy_gradient.sums import sum_by_key

ROUNDING = 1e-12
"""A sum of squares below this part of its first value is rounding: the control fits exactly."""


@dataclass(frozen=True)
class ControlVariate:
    """Moments of x and of h over n episodes, for several keys: those of x − b h for any b.

    Here x is an episode's gradient without a baseline, and h is what a baseline of 1 takes off.
    """

    n: int
    x: Floats  # mean
    h: Floats
    xx: Floats  # Σ (x_e − x)²
    xh: Floats  # Σ (x_e − x)(h_e − h)
    hh: Floats

    @classmethod
    def of(cls, n: int, size: int, key: Ints, x: Floats, h: Floats | None = None) -> ControlVariate:
        """Return the moments of n episodes; those not listed for a key have x = h = 0.

        Args:
            n: episodes.
            size: keys.
            key: [C] at most once an episode.
            x: [C].
            h: [C]; None: there is no baseline.
        """
        x_mean = sum_by_key(key, x, size) / n
        absent = n - np.bincount(key, minlength=size)
        x_centred = x - x_mean[key]
        xx = sum_by_key(key, x_centred**2, size) + absent * x_mean**2
        if h is None:
            nothing = np.zeros(size)
            return cls(n, x_mean, nothing, xx, nothing, nothing)
        h_mean = sum_by_key(key, h, size) / n
        h_centred = h - h_mean[key]
        return cls(
            n=n,
            x=x_mean,
            h=h_mean,
            xx=xx,
            xh=sum_by_key(key, x_centred * h_centred, size) + absent * x_mean * h_mean,
            hh=sum_by_key(key, h_centred**2, size) + absent * h_mean**2,
        )

    def merge(self, later: ControlVariate) -> ControlVariate:
        """Return the moments of these episodes and of later ones.

        Source: Chan, Golub & LeVeque (1979).
        """
        n = self.n + later.n
        dx, dh, share = later.x - self.x, later.h - self.h, self.n * later.n / n
        return ControlVariate(
            n=n,
            x=self.x + dx * (later.n / n),
            h=self.h + dh * (later.n / n),
            xx=self.xx + later.xx + share * dx * dx,
            xh=self.xh + later.xh + share * dx * dh,
            hh=self.hh + later.hh + share * dh * dh,
        )

    @property
    def optimal(self) -> Floats:
        """The b of each key for which x − b h varies least: Cov(x, h) / Var(h)."""
        return np.divide(self.xh, self.hh, out=np.zeros(len(self.xh)), where=self.hh > 0)

    def less(self, b: Floats | float) -> tuple[Floats, Floats]:
        """Return the mean of x − b h and its variance over episodes: NaN for one episode."""
        squares = self.xx - 2 * b * self.xh + b * b * self.hh
        squares = np.where(squares > ROUNDING * self.xx, squares, 0.0)
        free = self.n - 1
        return self.x - b * self.h, squares / free if free else np.full(len(squares), np.nan)

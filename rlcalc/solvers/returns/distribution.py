"""Distribution: the chances of the values of a gain, its quantiles and its CVaR, with bounds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.fractions import fraction


class Interval(NamedTuple):
    """A number, and limits between which the true one lies."""

    at: float
    low: float
    high: float


@dataclass(frozen=True)
class GainDistribution:
    """The chance of each value of a gain G, and how far the true distribution may be from it.

    The values and chances of an exact distribution are fractions.
    """

    value: Floats  # [M] rising
    probability: Floats  # [M]
    shift: float = 0.0  # each value may be off by so much
    mass: float = 0.0  # and the chances, in sum
    unfinished: float = 0.0  # the chance that more follows than was counted
    tail: float = 0.0  # a bound on E|what follows then|
    lowest: float = -np.inf  # no true gain is less
    highest: float = np.inf  # or more

    @property
    def exact(self) -> bool:
        """Whether values and chances are fractions."""
        return self.value.dtype == object

    @property
    def cumulative(self) -> Floats:
        """[M] P(G ≤ x)."""
        return np.cumsum(self.probability)

    def worst(self, level: float) -> tuple[Interval, Interval]:
        """Return the quantile and the CVaR of the lower tail: the worst share of the gains.

            q = min {x: P(G ≤ x) ≥ level},   CVaR = q − E[(q − G)⁺] / level

        CVaR is the mean of the worst `level` of the gains. Of the gains that are equal to q, only
        as many count as fill this share. At level 1 these are the largest gain and the mean.

        Args:
            level: above 0, at most 1.

        Source: Rockafellar & Uryasev (2002), Conditional value-at-risk for general loss
        distributions, definition 3 and theorem 10; (2000) without atoms.
        """
        if self.exact:
            return self._exactly_worst(fraction(level))
        cumulative = self.cumulative
        roundings = (len(self.value) + 8) * UNIT_ROUNDOFF
        off = self.mass + roundings
        place = int(np.searchsorted(cumulative, level))
        q = float(self.value[min(place, len(self.value) - 1)])
        low = self._at(cumulative, level - off - self.unfinished) - self.shift
        high = self._at(cumulative, level + off + self.unfinished) + self.shift
        if level == 1 and np.isfinite(self.highest):
            q = low = high = self.highest
            low -= self.shift
        quantile = Interval(q, min(q, max(low, self.lowest)), max(q, min(high, self.highest)))
        q = float(self.value[min(place, len(self.value) - 1)])
        below = self.value < q
        shortfall = float(self.probability[below] @ (q - self.value[below])) / level
        spread = float(self.value[-1] - self.value[0])
        error = self.shift + (self.tail + off * spread) / level + roundings * (abs(q) + shortfall)
        return quantile, Interval(q - shortfall, q - shortfall - error, q - shortfall + error)

    def _at(self, cumulative: Floats, share: float) -> float:
        """Return the quantile of a share that may be outside of 0..1."""
        if share <= 0:
            return self.lowest
        place = int(np.searchsorted(cumulative, share))
        return float(self.value[place]) if place < len(self.value) else self.highest

    def _exactly_worst(self, level: Fraction) -> tuple[Interval, Interval]:
        place = int(np.searchsorted(self.cumulative, level))  # type: ignore[call-overload]
        q, below = self.value[place], slice(place)
        shortfall = (self.probability[below] * (q - self.value[below])).sum() / level
        return _rounded(q), _rounded(q - shortfall)


def mixture(parts: list[tuple[float, GainDistribution]]) -> GainDistribution:
    """Return the distribution of a gain from a random start.

    Args:
        parts: the chance of each start, and the distribution of the gain from there.
    """
    several = [part for _, part in parts]
    exact = all(part.exact for part in several)
    chances = np.array([fraction(p) if exact else p for p, _ in parts])
    chances = chances / chances.sum()
    kind = object if exact else np.float64
    values = np.concatenate([part.value.astype(kind) for part in several])
    weights = np.concatenate(
        [part.probability.astype(kind) * p for p, part in zip(chances, several, strict=True)]
    )
    value, place = np.unique(values, return_inverse=True)
    probability = np.zeros(len(value), dtype=weights.dtype)
    np.add.at(probability, place.reshape(-1), weights)
    return GainDistribution(
        value,
        probability,
        shift=max(part.shift for part in several),
        mass=max(part.mass for part in several)
        + (0.0 if exact else (len(values) + 4 * len(parts)) * UNIT_ROUNDOFF),
        unfinished=max(part.unfinished for part in several),
        tail=max(part.tail for part in several),
        lowest=min(part.lowest for part in several),
        highest=max(part.highest for part in several),
    )


def _rounded(number: Fraction) -> Interval:
    at = float(number)
    if Fraction(at) == number:
        return Interval(at, at, at)
    return Interval(at, float(np.nextafter(at, -np.inf)), float(np.nextafter(at, np.inf)))

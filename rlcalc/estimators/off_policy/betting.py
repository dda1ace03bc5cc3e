"""Bounds of a mean that hold for any number of episodes and any distribution, by betting."""

from __future__ import annotations

import numpy as np

from rlcalc.numerics.arrays import Floats

HALVINGS = 60
"""Steps of the bisection for a limit."""
LARGEST_BET = 0.5
"""The share of the wealth that is at stake in the worst case, a loss of the whole mean."""


def value_bounds(
    weight: Floats, gain: Floats, bound: tuple[float, float], confidence: float
) -> tuple[float, float]:
    """Return limits of the value of a policy, which need no normality and no largest weight.

        E[ρ] = 1 and LOW ≤ G ≤ HIGH, so V − LOW = E[ρ (G − LOW)] and HIGH − V = E[ρ (HIGH − G)],

    both means of numbers that are not below 0, with a `lower_limit` at (1 − c)/2 each. Where the
    log lacks actions, E[ρ] is below 1, and both sides are larger than the means: the limits hold.

    Args:
        weight: [E] ρ, independent of each other.
        gain: [E] G in reward units.
        bound: LOW and HIGH.
        confidence: c, between 0 and 1.

    Source: Waudby-Smith & Ramdas (2023), section 4, for the bets.
    """
    low, high = bound
    tail = (1 - confidence) / 2
    scale = high - low
    least = low + lower_limit(weight * (gain - low), tail, scale)
    most = high - lower_limit(weight * (high - gain), tail, scale)
    return min(max(least, low), high), max(min(most, high), low)


def lower_limit(values: Floats, tail: float, scale: float = 1.0) -> float:
    """Return a limit that the mean is below with the probability `tail` at the most.

    Whoever bets the share λ_t m of the wealth on values above m has after t of them

        K_t(m) = Π_{i ≤ t} (1 + λ_i (x_i − m)),    0 ≤ λ_i ≤ 1/(2m)

    If m is the mean, K is a martingale, so it ever reaches 1/tail with the probability `tail` at
    the most (Ville). The limit is the largest m that is refuted so. λ_t follows from the values
    before t.

    Args:
        values: [N] independent, with one mean, none below 0; in the order of the log.
        tail: between 0 and 1.
        scale: of the values, for the first bet.
    """
    bet = _bets(values, tail, scale)
    target = -np.log(tail)

    def refuted(m: float) -> bool:
        stake = np.minimum(bet, LARGEST_BET / m)
        return bool(np.cumsum(np.log1p(stake * (values - m))).max(initial=0.0) >= target)

    below, above = 0.0, float(values.max(initial=0.0))
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        if middle > 0 and refuted(middle):
            below = middle
        else:
            above = middle
    return below


def _bets(values: Floats, tail: float, scale: float) -> Floats:
    """Return [N] λ_t = √(2 log(1/tail) / (σ²_{t−1} t log(1 + t))), σ² from the values before t.

    The mean starts at half the scale, and the variance at the square of that.
    """
    n = len(values)
    number = np.arange(1, n + 1)
    mean = (scale / 2 + np.cumsum(values)) / (number + 1)
    squares = np.cumsum((values - mean) ** 2)
    variance = (scale**2 / 4 + squares) / (number + 1)
    before = np.append(scale**2 / 4, variance[:-1])
    bets: Floats = np.sqrt(2 * np.log(1 / tail) / (before * number * np.log1p(number)))
    return bets

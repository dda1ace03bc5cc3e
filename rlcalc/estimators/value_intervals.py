"""Intervals of V, Q and A: the values that gains are known to have, and the limits of Q − V."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.intervals import (
    FEW,
    MANY,
    SKEW,
    Intervals,
    known_values,
    share_interval,
    skew_interval,
    two_values,
)
from rlcalc.numerics.moments import CoMoments, Moments, difference_error


def values_of_all(states: Moments, start_value: Moments) -> tuple[float, float] | None:
    """Return the two values that every gain of the data has, if it is known that there are two.

    Args:
        states: moments of the gains from each state.
        start_value: moments of the gain from the start, one a trajectory.
    """
    n = len(states.key)
    ends = np.full(n, states.least.min()), np.full(n, states.greatest.max())
    within = replace(states, least=ends[0], greatest=ends[1])
    low, high = float(ends[0][0]), float(ends[1][0])
    known = (low, high) == (0, 1) or start_value.clusters[0] >= MANY
    return (low, high) if known and low < high and two_values(within).all() else None


def values_of_gains(moments: Moments, of_all: tuple[float, float] | None) -> tuple[Floats, Floats]:
    """Return [K] the lower and [K] the higher value of the gains of each key; NaN if not only two.

    Args:
        moments: [K] of the gains.
        of_all: the two values of all gains, if there are only two.
    """
    if of_all is None:
        return known_values(moments)
    low, high = (np.full(len(moments.key), value) for value in of_all)
    return low, high


def values_of_pairs(pairs: Moments, of_states: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return the two values of the states' gains where all gains of a pair are one of them.

    The first visit to a pair may be a later visit to its state, with another gain.

    Args:
        pairs: [K] moments of the gains.
        of_states: [K] and [K] as of `values_of_gains` of the state of each.
    """
    low, high = of_states
    inside = (pairs.least >= low) & (pairs.greatest <= high)
    inside &= two_values(replace(pairs, least=low, greatest=high))
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def advantage_intervals(
    pairs: Moments,
    state: Moments,
    both: CoMoments,
    confidence: float,
    values: tuple[Floats, Floats],
) -> tuple[Intervals, Floats]:
    """Return the intervals of Q − V, and its standard errors.

    Where the first visits to a pair are the first visits to its state, Q − V = (1 − n/n(s)) (Q − R)
    with the mean R of the trajectories that chose another action, and Q and R are independent.
    Gains of two values then have the limits of both shares (Zou & Donner's MOVER), and others the
    skewness of Σ ψ_e, see `moments.difference_error`; a state with one action has A = 0.

    Args:
        pairs: [K] moments of the pairs.
        state: [K] moments of the state of each.
        both: [K] co-moments of both.
        confidence: between 0 and 1.
        values: [K] and [K] as of `intervals_of_means`.

    Source: Zou & Donner (2008), Construction of confidence limits about effect measures.
    """
    error, degrees = difference_error(pairs, state, both)
    n, of = pairs.clusters.astype(np.float64), state.clusters.astype(np.float64)
    nested = (both.x_mean == both.y_mean) & (both.x_squares == both.products)
    nested &= (pairs.count == pairs.clusters) & (state.count == state.clusters)
    weight, shift = 1 / n - 1 / of, (pairs.mean - state.mean) / of
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        chosen = weight**2 * (weight * pairs.cubes - 3 * shift * pairs.squares) - n * shift**3
        others = (state.cubes - pairs.around(state.mean).cubes) / of**3
        skew = np.sqrt(of * (of - 1)) / (of - 2) * (chosen - others) / error**3
    skew = np.where(nested & np.isfinite(skew), skew, 0.0)
    found = skew_interval(confidence, pairs, pairs.mean - state.mean, error, degrees, skew)
    none = ~(pairs.standard_error() > 0)
    found.low[none], found.high[none] = np.nan, np.nan
    found.needs[none & (n > 1)] = 2
    found.needs[(found.needs == 0) & (np.abs(pairs.skewness()) > SKEW)] = 4
    only = nested & (n == of) & (n > 1)
    found.needs[only] = np.where(n < FEW, 3, 0)[only]
    found.low[only & (n >= FEW)] = found.high[only & (n >= FEW)] = 0
    low, high = values
    two = nested & (low < high) & (n < of) & (n > 1)
    if two.any():
        n, of, low, width = n[two], of[two], low[two], (high - low)[two]
        right = np.rint((pairs.mean[two] - low) / width * n)
        other = np.rint((state.mean[two] - low) / width * of) - right
        q, (q_low, q_high) = right / n, share_interval(right, n, confidence)
        r, (r_low, r_high) = other / (of - n), share_interval(other, of - n, confidence)
        scale = (1 - n / of) * width
        found.low[two] = scale * (q - r - np.hypot(q - q_low, r_high - r))
        found.high[two] = scale * (q - r + np.hypot(q_high - q, r - r_low))
        found.needs[two] = 0
    return found, error

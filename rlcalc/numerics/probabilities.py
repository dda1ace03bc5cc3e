"""Probabilities: their sums, what may be taken for 1, and what cannot be one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np

from rlcalc.errors import Fault, listed, shown
from rlcalc.numerics.arrays import Flags, Floats, Ints, gather_ranges

SUM_TOLERANCE = 1e-5
"""How far from 1 the probabilities of a pair may sum: float32 and rounded decimals fall short."""
EXACT = 1e-9
"""How far from 1 they may sum without a note."""
ROUNDED = 2.0**-51
"""The rounding of a sum of probabilities that is 1."""
MOST_PROBABLE = 1 + 1e-6
"""The largest probability that is taken for one: float32 rounds some up."""
POSSIBLE = "a number above 0 and at most 1"
"""What is expected of the probability of something that was done."""
POSSIBLE_LOG = "the logarithm of a probability: at most 0"
"""What is expected of the logarithm of such a probability."""
LARGEST_LOG_PROB = math.log(MOST_PROBABLE)


def wrong_sum(
    pair: tuple[str, str],
    outcomes: Iterable[tuple[object, float]],
    where: str,
    n_wrong: int = 1,
    *,
    apart: bool = False,
) -> Fault:
    """Return the fault of a pair whose probabilities do not sum to 1.

    Args:
        pair: the state and the action.
        outcomes: the next states with their probabilities.
        where: their place.
        n_wrong: the number of such pairs.
        apart: the rows of the pair are not adjacent.
    """
    listed_outcomes = list(outcomes)
    total = sum(chance for _, chance in listed_outcomes)
    more = f"; and {n_wrong - 1:,} more pairs" if n_wrong > 1 else ""
    twice = "its rows are not adjacent: perhaps the pair occurs twice; " if apart else ""
    now = listed([f"{shown(name)} has {chance:g}" for name, chance in listed_outcomes])
    return Fault(
        f"probabilities of (state '{shown(pair[0])}', action '{shown(pair[1])}') sum to "
        f"{total:.10g}{more}",
        where,
        f"{twice}make them sum to 1 (within 1e-5); now {now}",
    )


def rounded_sums(total: Floats) -> list[str]:
    """Return a note of the pairs whose probabilities sum to 1 only up to their rounding.

    Args:
        total: [K] the sums.
    """
    error = np.abs(total - 1)
    n_rounded = int((error > EXACT).sum())
    if not n_rounded:
        return []
    return [
        f"the probabilities of {n_rounded:,} of {len(total):,} state-action pairs sum to 1 only "
        f"within {error.max():.1g}, as float32 or rounded decimals do: each was divided by its sum"
    ]


def normalised(probability: Floats, start: Ints, total: Floats | None = None) -> Floats:
    """Return probabilities whose sums are 1 up to rounding; where they are, the same bits.

    Args:
        probability: [N].
        start: [K + 1] offsets of those that sum to 1, up to `SUM_TOLERANCE`.
        total: [K] their sums, if they are known.
    """
    if not len(probability):
        return probability
    total = np.add.reduceat(probability, start[:-1]) if total is None else total
    wrong = np.flatnonzero(np.abs(total - 1) > ROUNDED)
    if not len(wrong):
        return probability
    scaled = probability.copy()
    part, which = gather_ranges(start, wrong)
    scaled[which] /= np.repeat(total[wrong], np.diff(part))
    return scaled


def impossible(probability: Floats) -> Flags:
    """[N] whether something cannot have been done with this probability; NaN is unknown."""
    return (probability <= 0) | (probability > MOST_PROBABLE)


def chance_of(value: object) -> object:
    """Return the number that a text is: a quotient, a percentage or a number; else the value.

    >>> chance_of("1/4"), chance_of("12.5%"), chance_of("0.25"), chance_of(0.25), chance_of("1/0")
    (0.25, 0.125, 0.25, 0.25, '1/0')
    """
    if not isinstance(value, str):
        return value
    if match := _QUOTIENT.match(value):
        return int(match[1]) / int(match[2]) if match[2] else float(match[3]) / 100
    return float(value) if _NUMBER.match(value) else value


_NUMBER = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE]-?[0-9]{1,3})?\Z")
_QUOTIENT = re.compile(r"(?:([0-9]{1,15})/0*([1-9][0-9]{0,14})|([0-9]{1,3}(?:\.[0-9]{1,15})?)%)\Z")

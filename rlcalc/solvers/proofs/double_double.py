"""Double-double values, and the residual of a backup from the differences of neighbours.

Differences are small where values are near each other, however large these are: so rounding touches
them little.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlcalc.expected_mdp import LARGE, UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.numerics.arrays import Codes, Floats, Ints
from rlcalc.numerics.kernel import kernel

SMALLEST_RESIDUAL = 2.0**-94
"""The residual that two floats leave, relative to the largest value, with a few roundings."""


class TwoFloats(NamedTuple):
    """Values as sums of two floats, the second of which the first cannot hold."""

    high: Floats  # [S]
    low: Floats  # [S]

    def plus(self, step: Floats) -> TwoFloats:
        """Return values that are higher by a step. Source: Knuth, TwoSum."""
        more = self.low + step
        high = self.high + more
        part = high - self.high
        return TwoFloats(high, (self.high - (high - part)) + (more - part))


def residual(model: ExpectedMDP, values: TwoFloats) -> tuple[Floats, Floats]:
    """Return g = r + Σ P (v(s') − v(s)) of each pair, and a bound on the rounding in it.

        |fl(g) − g| ≤ (3 n + 10) u (Σ P |r| + Σ P (|Δhigh| + |Δlow|)),   u = 2^−53

    Probabilities may be off by a few roundings each, but those of a pair sum to 1: so only
    differences of values count, not how large they are.

    Args:
        model: n is the largest number of outcomes of a pair.
        values: 0 in terminal states.

    Returns:
        [K] and [K].
    """
    gained, margin = np.empty(model.n_pairs), np.empty(model.n_pairs)
    most = np.full(model.n_pairs, model.largest_reward)
    size = np.abs(model.reward) if model.same_sign else most
    unit = (3 * model.most_outcomes + 10) * UNIT_ROUNDOFF
    if model.n_outcomes <= LARGE:
        first, second = (part[model.next_state] - part[_owner(model)] for part in values)
        gained = model.reward + _by_pair(model, first + second)
        margin = unit * (size + _by_pair(model, np.abs(first) + np.abs(second)))
        return gained, margin
    difference_residuals(
        model.pair_state, model.outcome_start, model.next_state, model.probability, model.reward,
        *values, gained, size, unit, margin,
    )  # fmt: skip
    return gained, margin


def _owner(model: ExpectedMDP) -> Ints:
    """[N] the state in which each outcome begins."""
    owner: Ints = np.repeat(model.pair_state, np.diff(model.outcome_start))
    return owner


def _by_pair(model: ExpectedMDP, values: Floats) -> Floats:
    """[K] Σ P(s'|s,a) x(s')."""
    sums: Floats = np.add.reduceat(model.probability * values, model.outcome_start[:-1])
    return sums


@kernel
def difference_residuals(
    pair_state: Codes,
    outcome_start: Ints,
    next_state: Codes,
    probability: Floats,
    reward: Floats,
    high: Floats,
    low: Floats,
    gained: Floats,
    size: Floats,
    unit: float,
    margin: Floats,
) -> None:
    """Fill in g and the bound on its rounding, a pair after the other."""
    for k in range(len(pair_state)):
        s = pair_state[k]
        ahead, moved = 0.0, 0.0
        for i in range(outcome_start[k], outcome_start[k + 1]):
            n = next_state[i]
            first, second = high[n] - high[s], low[n] - low[s]
            ahead += probability[i] * (first + second)
            moved += probability[i] * (abs(first) + abs(second))
        gained[k] = reward[k] + ahead
        margin[k] = unit * (size[k] + moved)

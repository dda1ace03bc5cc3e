"""The order of states: on a map, values travel fast if neighbours have near numbers.

A table of transitions may name its states in any order. Then they are numbered anew, by their
distance from the ends, and the answer is put back into the original order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.reachability import search_backwards
from rlcalc.numerics.arrays import Floats, Ints, gather_ranges

FAR = 1 / 16
"""The mean distance of outcomes, as a share of all numbers, that counts as scattered: a random
order has a third."""


@dataclass(frozen=True)
class StateOrder:
    """A model with its states in another order."""

    model: ExpectedMDP  # with the states in the new order
    first: Ints  # [S] the number that each had

    def gather(self, value: Floats | None) -> Floats | None:
        """Return values in the new order."""
        return None if value is None else value[self.first]

    def spread(self, value: Floats) -> Floats:
        """Return values in the original order."""
        original = np.empty_like(value)
        original[self.first] = value
        return original


def locality_order(model: ExpectedMDP) -> StateOrder:
    """Return a model whose neighbours have near numbers; unchanged where they already have."""
    if not is_scattered(model):
        return StateOrder(model, np.arange(model.n_states))
    return reordered(model, distance_order(model))


def is_scattered(model: ExpectedMDP) -> bool:
    """Return whether outcomes lead to numbers far from those of the states that they come from."""
    pair = np.linspace(0, model.n_pairs - 1, min(model.n_pairs, 10_000)).astype(np.int64)
    ahead = model.next_state[model.outcome_start[pair]].astype(np.int64)
    return bool(np.abs(ahead - model.pair_state[pair]).mean() > FAR * model.n_states)


def distance_order(model: ExpectedMDP) -> Ints:
    """Return the states in the order in which a search backwards from the ends meets them.

    Where nothing ends it begins at the largest reward. States that lead to neither are the last.
    """
    begin = model.terminal.copy()
    if not begin.any():
        begin[model.pair_state[model.reward.argmax()]] = True
    steps, met = search_backwards(model, begin)
    return np.concatenate([met, np.flatnonzero(steps < 0)])


def reordered(model: ExpectedMDP, first: Ints) -> StateOrder:
    """Return a model with its states in another order, and their pairs with them.

    Args:
        model: any.
        first: [S] each state once.
    """
    number = np.empty(model.n_states, dtype=np.int32)
    number[first] = np.arange(model.n_states, dtype=np.int32)
    pair_start, pair = gather_ranges(model.pair_start, first)
    outcome_start, outcome = gather_ranges(model.outcome_start, pair)
    moved = replace(
        model,
        pair_start=pair_start,
        outcome_start=outcome_start,
        next_state=number[model.next_state[outcome]],
        probability=model.probability[outcome],
        reward=model.reward[pair],
    )
    return StateOrder(moved, first)

"""Certainty: the states from which a goal is reached surely, possibly or never."""

from __future__ import annotations

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.end_components import end_components
from rlcalc.graph.reachability import distances
from rlcalc.numerics.arrays import Flags


def pairs_staying(model: ExpectedMDP, inside: Flags) -> Flags:
    """Return [K] which pairs of the states inside never lead outside."""
    if not model.n_pairs:
        return np.zeros(0, dtype=bool)
    leads = np.logical_and.reduceat(inside[model.next_state], model.outcome_start[:-1])
    staying: Flags = leads & inside[model.pair_state]
    return staying


def possible(model: ExpectedMDP, goal: Flags) -> Flags:
    """Return [S] from which states some policy reaches a goal with a positive probability."""
    return distances(model, goal) >= 0


def surely_by_some_policy(model: ExpectedMDP, goal: Flags) -> Flags:
    """Return [S] from which states some policy reaches a goal with probability 1.

    The largest set from which a goal can be reached by pairs that never leave the set.

    Source: de Alfaro (1997), section 3; Baier & Katoen (2008), algorithm 45.
    """
    inside: Flags = np.ones(model.n_states, dtype=bool)
    while True:
        kept = pairs_staying(model, inside) | (goal[model.pair_state] if model.n_pairs else False)
        smaller = inside & possible(model.keep(kept), goal)
        if np.array_equal(smaller, inside):
            return inside
        inside = smaller


def surely_by_every_policy(model: ExpectedMDP, goal: Flags) -> Flags:
    """Return [S] from which states every policy reaches a goal with probability 1.

    These lead neither to another end nor to a set in which one can stay for ever.

    Args:
        model: in which goals are terminal.
        goal: [S].
    """
    stuck = model.terminal & ~goal
    if model.n_pairs:
        stuck |= end_components(model, np.ones(model.n_pairs, dtype=bool)).number >= 0
    return ~possible(model, stuck)


def avoidable(model: ExpectedMDP, goal: Flags) -> Flags:
    """Return [S] from which states some policy never reaches a goal."""
    inside = ~goal
    while True:
        staying = pairs_staying(model, inside)
        smaller = inside & model.terminal
        smaller[model.pair_state[staying]] = True
        if np.array_equal(smaller, inside):
            return inside
        inside = smaller

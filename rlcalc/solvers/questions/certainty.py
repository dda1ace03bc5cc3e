"""Certainty: the states from which a goal is reached surely, possibly or never."""

from __future__ import annotations

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.end_components import end_components, prune
from rlcalc.graph.reachability import distances, predecessor_pairs
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

    The largest set from which a goal can be reached by pairs that never leave the set. States that
    cannot reach it are left out, and at once all pairs that may lead to them, and so on.

    Source: de Alfaro (1997), section 3; Baier & Katoen (2008), algorithm 45.
    """
    predecessors = predecessor_pairs(model)
    active = np.ones(model.n_pairs, dtype=bool)
    while True:
        inside = possible(model.keep(active | goal[model.pair_state]), goal)
        alive = np.bincount(model.pair_state[active], minlength=model.n_states)
        alive[goal] = model.n_pairs + 1
        alive[~inside] = 0
        left = int(active.sum())
        active &= inside[model.pair_state]
        prune(*predecessors, model.pair_state, active, alive)
        if int(active.sum()) == left:
            return inside


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
    """Return [S] from which states some policy never reaches a goal.

    What is left without the goals, the pairs that may lead to them, states without pairs, and so
    on: in it one ends elsewhere, or stays for ever.
    """
    active = ~goal[model.pair_state]
    alive = np.bincount(model.pair_state[active], minlength=model.n_states)
    alive[model.terminal] = model.n_pairs + 1
    alive[goal] = 0
    prune(*predecessor_pairs(model), model.pair_state, active, alive)
    never: Flags = alive > 0
    return never

"""Reachability: which states lead to which, in how many steps, and the policies that end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rlcalc.errors import InputError, listed
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Codes, Flags, Ints
from rlcalc.numerics.kernel import one_pass_kernel

Names = Callable[[Ints], list[object]]
"""Function from the numbers of states to the names of the first few."""


def predecessor_pairs(model: ExpectedMDP) -> tuple[Ints, Codes]:
    """Return the pairs that lead to each state, one an outcome: pair[start[s] : start[s + 1]].

    Returns:
        [S + 1] start, [N] pair.
    """
    start = np.zeros(model.n_states + 1, dtype=np.int64)
    np.cumsum(np.bincount(model.next_state, minlength=model.n_states), out=start[1:])
    pair = np.empty(model.n_outcomes, dtype=np.int32)
    sort_by_next_state(model.outcome_start, model.next_state, start[:-1].copy(), pair)
    return start, pair


@one_pass_kernel
def sort_by_next_state(outcome_start: Ints, next_state: Codes, free: Ints, pair: Codes) -> None:
    """Put each pair behind the last one that leads to the same state: a counting sort."""
    for k in range(len(outcome_start) - 1):
        for i in range(outcome_start[k], outcome_start[k + 1]):
            s = next_state[i]
            pair[free[s]] = k
            free[s] += 1


@one_pass_kernel
def breadth_first(start: Ints, neighbour: Codes, steps: Ints) -> Ints:
    """steps[s] ← the distance of s from where steps are 0; returns the states as they are met.

    The neighbours of state s are neighbour[start[s] : start[s + 1]]; steps are −1 elsewhere.
    """
    waiting = np.empty(len(steps), dtype=np.int64)
    head, tail = 0, 0
    for s in range(len(steps)):
        if steps[s] == 0:
            waiting[tail] = s
            tail += 1
    while head < tail:
        s = waiting[head]
        head += 1
        for i in range(start[s], start[s + 1]):
            met = neighbour[i]
            if steps[met] < 0:
                steps[met] = steps[s] + 1
                waiting[tail] = met
                tail += 1
    return waiting[:tail]


def search_backwards(model: ExpectedMDP, goal: Flags) -> tuple[Ints, Ints]:
    """Return the least number of steps from each state to a goal, and the states as they are met.

    Returns:
        [S] steps, −1 where no goal can be reached; the other states, from the nearest on.
    """
    steps = np.where(goal, 0, -1)
    start, pair = predecessor_pairs(model)
    return steps, breadth_first(start, model.pair_state[pair], steps)


def distances(model: ExpectedMDP, goal: Flags) -> Ints:
    """Return the least number of steps from each state to a goal; −1: it leads to none."""
    return search_backwards(model, goal)[0]


def reachable(model: ExpectedMDP, start: Flags) -> Flags:
    """Return which states can be reached from some states, these among them."""
    steps = np.where(start, 0, -1)
    breadth_first(model.outcome_start[model.pair_start], model.next_state, steps)
    return steps >= 0


def policy_reaching_end(model: ExpectedMDP, names: Names) -> Ints:
    """Return a policy that ends from every state: its actions most probably lead nearer.

    Raises:
        InputError: from some states nothing leads to an end.
    """
    steps = distances(model, model.terminal)
    endless = np.flatnonzero(steps < 0)
    if len(endless):
        raise InputError(
            "the total reward (gamma = 1) does not exist: "
            + (
                f"{len(endless):,} states cannot reach an end, and their rewards never stop"
                if len(endless) > 1
                else "a state cannot reach an end, and its rewards never stop"
            ),
            listed(names(endless), total=len(endless)),
            "use --gamma 0.99, --horizon N or --criterion average",
        )
    ahead = steps[model.next_state]
    behind = np.repeat(steps[model.pair_state], np.diff(model.outcome_start))
    likely = np.add.reduceat(model.probability * (ahead < behind), model.outcome_start[:-1])
    return model.greedy(likely)


def never_ending(chain: ExpectedMDP) -> Ints:
    """Return the states of a chain from which no terminal state can be reached."""
    return np.flatnonzero(distances(chain, chain.terminal) < 0)

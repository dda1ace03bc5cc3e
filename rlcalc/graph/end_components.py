"""End components: sets of states in which one can stay for ever; and strong components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.reachability import predecessor_pairs
from rlcalc.numerics.arrays import Codes, Flags, Ints
from rlcalc.numerics.kernel import one_pass_kernel


@dataclass(frozen=True)
class EndComponents:
    """The largest sets of states in which one can stay for ever, and the pairs that stay."""

    number: Ints  # [S] which set a state belongs to; −1: to none
    count: int
    stays: Flags  # [K] whether the pair never leaves the set of its state


def end_components(model: ExpectedMDP, allowed: Flags) -> EndComponents:
    """Return the maximal end components that some of the pairs make.

    A set of states is an end component if each has a pair that leads only into the set, and these
    pairs lead from each of its states to each other one.

    Args:
        model: whose graph it is.
        allowed: [K] the pairs that may be used.

    Source: de Alfaro (1997), algorithm 3.1: cut what leads out, find strong components, repeat.
    """
    pred_start, pred_pair = predecessor_pairs(model)
    active = allowed.copy()
    while True:
        alive = np.bincount(model.pair_state[active], minlength=model.n_states)
        prune(pred_start, pred_pair, model.pair_state, active, alive)
        if not active.any():
            return EndComponents(np.full(model.n_states, -1), 0, active)
        number = strong_components(model, active)
        source = np.repeat(number[model.pair_state], np.diff(model.outcome_start))
        leaves = np.add.reduceat(source != number[model.next_state], model.outcome_start[:-1]) > 0
        if not (leaves & active).any():
            break
        active &= ~leaves
    used = np.unique(number[model.pair_state[active]])
    rank = np.full(int(number.max()) + 1, -1)
    rank[used] = np.arange(len(used))
    return EndComponents(rank[number], len(used), active)


def closed_sets(chain: ExpectedMDP) -> list[Ints]:
    """Return the sets of states that a chain never leaves once it is there.

    Terminal states are not among them.

    Args:
        chain: one pair in each state that is not terminal.
    """
    components = end_components(chain, np.ones(chain.n_pairs, dtype=bool))
    states = np.argsort(components.number, kind="stable")
    first = np.searchsorted(components.number[states], np.arange(components.count))
    return np.split(states, first)[1:]


@one_pass_kernel
def prune(
    pred_start: Ints, pred_pair: Codes, pair_state: Codes, active: Flags, alive: Ints
) -> None:
    """Remove pairs that may lead to a state without pairs, until there are none.

    `active` [K] and `alive` [S], the number of active pairs of a state, are brought up to date.
    """
    n = len(alive)
    waiting = np.empty(n, dtype=np.int64)
    head, tail = 0, 0
    for s in range(n):
        if alive[s] == 0:
            waiting[tail] = s
            tail += 1
    while head < tail:
        dead = waiting[head]
        head += 1
        for i in range(pred_start[dead], pred_start[dead + 1]):
            k = pred_pair[i]
            if active[k]:
                active[k] = False
                s = pair_state[k]
                alive[s] -= 1
                if alive[s] == 0:
                    waiting[tail] = s
                    tail += 1


def strong_components(model: ExpectedMDP, active: Flags) -> Ints:
    """Return the number of each state's strongly connected component, along active pairs."""
    number = np.full(model.n_states, -1, dtype=np.int64)
    tarjan(model.pair_start, model.outcome_start, model.next_state, active, number)
    return number


@one_pass_kernel
def tarjan(  # noqa: C901 (one search, with its stack in plain sight)
    pair_start: Ints, outcome_start: Ints, next_state: Codes, active: Flags, number: Ints
) -> None:
    """number[s] ← the strongly connected component of s, by depth first search without recursion.

    Source: Tarjan (1972); the stack of open states holds where each of them goes on.
    """
    n = len(number)
    found = np.full(n, -1)  # when a state was first seen
    low = np.empty(n, dtype=np.int64)  # the earliest open state that it leads back to
    at_pair = np.empty(n, dtype=np.int64)  # where the search goes on in an open state
    at_outcome = np.empty(n, dtype=np.int64)
    path = np.empty(n, dtype=np.int64)
    stack = np.empty(n, dtype=np.int64)
    time, n_stack, n_components = 0, 0, 0
    for root in range(n):
        if found[root] >= 0:
            continue
        depth = 0
        path[0] = root
        fresh = True
        while depth >= 0:
            s = path[depth]
            if fresh:
                found[s] = time
                low[s] = time
                time += 1
                stack[n_stack] = s
                n_stack += 1
                at_pair[s] = pair_start[s]
                at_outcome[s] = -1
                fresh = False
            k = at_pair[s]
            if k == pair_start[s + 1]:
                if low[s] == found[s]:
                    top = -1
                    while top != s:
                        n_stack -= 1
                        top = stack[n_stack]
                        number[top] = n_components
                    n_components += 1
                depth -= 1
                if depth >= 0:
                    before = path[depth]
                    low[before] = min(low[before], low[s])
                continue
            i = outcome_start[k] if at_outcome[s] < 0 else at_outcome[s]
            if not active[k] or i == outcome_start[k + 1]:
                at_pair[s] += 1
                at_outcome[s] = -1
                continue
            at_outcome[s] = i + 1
            after = next_state[i]
            if found[after] < 0:
                depth += 1
                path[depth] = after
                fresh = True
            elif number[after] < 0:
                low[s] = min(low[s], found[after])

"""The shape of a graph, as a sample tells it: how fast it spreads, and whether steps come back."""

from __future__ import annotations

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Codes
from rlcalc.numerics.kernel import kernel
from rlcalc.solvers.methods.bellman_sweeps import Arrays

SAMPLE, NEAR = 64, 256
"""States whose steps are followed, and the number of states in which these may come back."""
SELDOM = 0.02
"""The least share of steps that do not come back, of those that are seldom taken back."""
ONE_WAY = 0.99
"""The share of steps to larger, or to smaller, numbers in a model of stages."""


def seldom_returns(model: ExpectedMDP) -> bool:
    """Return whether many steps lead one way only, as in trees and in chains of components."""
    pair = np.linspace(0, model.n_pairs - 1, min(model.n_pairs, 10_000)).astype(np.int64)
    move = model.next_state[model.outcome_start[pair]].astype(np.int64) - model.pair_state[pair]
    forward, backward = int((move > 0).sum()), int((move < 0).sum())
    if max(forward, backward) > ONE_WAY * (forward + backward):
        return True
    arrays = Arrays.of(model)
    if spreads_fast(arrays):  # few steps come back within so few states
        return False
    followed, back = count_returns(arrays, np.zeros(model.n_states, np.int32))
    return bool(followed - back > SELDOM * followed)


@kernel
def count_returns(model: Arrays, seen_in: Codes) -> tuple[int, int]:
    """Count steps from some states, and those that come back within few states.

    Steps to terminal states do not count. `seen_in` [S] is 0.
    """
    n_states, followed, back, search = len(seen_in), 0, 0, 0
    queue = np.empty(NEAR + 1, np.int64)
    for i in range(SAMPLE):
        origin = n_states * i // SAMPLE
        for k in range(model.pair_start[origin], model.pair_end[origin]):
            for j in range(model.outcome_start[k], model.outcome_end[k]):
                begin = model.next_state[j]
                if begin == origin or model.pair_start[begin] == model.pair_end[begin]:
                    continue
                search += 1
                followed += 1
                queue[0], first, last, returned = begin, 0, 1, False
                seen_in[begin] = search
                while first < last and last < NEAR and not returned:
                    s = queue[first]
                    first += 1
                    for i_pair in range(model.pair_start[s], model.pair_end[s]):
                        for i_next in range(model.outcome_start[i_pair], model.outcome_end[i_pair]):
                            n = model.next_state[i_next]
                            returned |= n == origin
                            if seen_in[n] != search and last < NEAR:
                                seen_in[n] = search
                                queue[last] = n
                                last += 1
                back += returned
    return followed, back


def spreads_fast(model: Arrays) -> bool:
    """Return whether eight steps lead to half of the states, or to a thousand: no map does so."""
    n_states = len(model.pair_start)
    enough = min(n_states // 2, 1000)
    starts = [n_states * i // 8 for i in range(8)]
    return any(count_within_steps(model, start, 8, enough) > enough for start in starts)


@kernel
def count_within_steps(model: Arrays, start: int, steps: int, enough: int) -> int:
    """Count the states that can be reached from one in so many steps, until there are enough."""
    seen = np.zeros(len(model.pair_start), np.bool_)
    queue = np.empty(len(seen), np.int64)
    queue[0] = start
    seen[start] = True
    first, last = 0, 1
    for _ in range(steps):
        for i in range(first, last):
            first += 1
            for k in range(model.pair_start[queue[i]], model.pair_end[queue[i]]):
                for j in range(model.outcome_start[k], model.outcome_end[k]):
                    n = model.next_state[j]
                    if not seen[n]:
                        seen[n] = True
                        queue[last] = n
                        last += 1
            if last > enough:
                return last
    return last

"""Gauss-Seidel: back up only states whose successors changed, in the direction values travel.

For models like maps, where values come from far away: grids, lakes, chains.
"""

from __future__ import annotations

import numpy as np

from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.kernel import kernel
from rlcalc.solvers.methods.bellman_sweeps import ONE, Arrays, Sweeper, Unsigned
from rlcalc.solvers.problem import Iterate, Iteration, Problem

Predecessors = tuple[Unsigned, Unsigned]
"""[S + 1] where the predecessors of each state begin, and those of all states."""


def solve(problem: Problem, most_backups: int = 100_000) -> Iterate:
    """Return values that are known to `tol`: backups where they matter, then a sweep to prove it.

    Args:
        problem: also with gamma = 1, if all states lead to terminal ones.
        most_backups: give up after so many a state.

    Source: Bertsekas & Tsitsiklis (1989), section 4.3, for the convergence in any order.
    """
    gamma = problem.gamma
    sweeper = Sweeper(problem)
    before = predecessor_states(sweeper.model)
    value, threshold = sweeper.initial_values(problem.value)
    sweep, backups, most = 0, 0, most_backups * len(value)
    while True:
        sweep += 1
        bound = sweeper.backup(value)
        priority = np.abs(sweeper.better - value)
        largest = float(priority.max())
        problem.trace.append(Iteration(sweep, largest, bound if gamma < 1 else np.inf))
        if largest <= threshold:
            threshold /= 3
        spent = backups >= most or sweep >= problem.max_iterations
        if sweeper.done or spent or threshold < sweeper.floor / 100:
            return Iterate(sweeper.centred(), sweep)
        left = most - backups
        backups += prioritised_backups(
            sweeper.model, gamma, before, threshold, left, value, priority, sweeper.choice
        )


@kernel
def predecessor_states(model: Arrays) -> Predecessors:
    """Return the distinct other states that lead to each: predecessor[start[s] : start[s + 1]].

    `graph.reachability.predecessor_pairs` lists pairs, one for each outcome; here each state counts
    once and in 32 bits, so that `prioritised_backups` visits it once for each move.
    """
    n_states = len(model.pair_start)
    start = np.zeros(n_states + 1, np.uint64)
    seen_by = np.arange(n_states).astype(np.uint32)
    for s in range(n_states):
        for k in range(model.pair_start[s], model.pair_end[s]):
            for j in range(model.outcome_start[k], model.outcome_end[k]):
                n = model.next_state[j]
                if n != s and seen_by[n] != s:
                    seen_by[n] = s
                    start[n + 1] += ONE
    for s in range(n_states):
        start[s + 1] += start[s]
        seen_by[s] = s
    predecessor = np.empty(start[n_states], np.uint32)
    end = start[:-1].copy()
    for s in range(n_states):
        for k in range(model.pair_start[s], model.pair_end[s]):
            for j in range(model.outcome_start[k], model.outcome_end[k]):
                n = model.next_state[j]
                if n != s and seen_by[n] != s:
                    seen_by[n] = s
                    predecessor[end[n]] = s
                    end[n] += ONE
    return start, predecessor


@kernel
def prioritised_backups(  # noqa: C901 (the turns, the blocks, the states and the backup, in one place)
    model: Arrays,
    gamma: float,
    before: Predecessors,
    threshold: float,
    most_backups: int,
    value: Floats,
    priority: Floats,
    choice: Unsigned,
) -> int:
    """Back up states whose priority, the change of their successors, exceeds a threshold.

        V(s) ← max_a [ r(s,a) + γ Σ_{s' ≠ s} p V(s') ] / (1 − γ p(s))    its own loop in closed form

    A move by d adds γ |d| to the priority of every predecessor. Turns go through the states in the
    direction in which values travel, found out in the first four; most back up the chosen pair
    only. Returns the number of backups.
    """
    start, predecessor = before
    n_states = len(value)
    dirty = np.zeros(n_states // 64 + 1, np.bool_)  # blocks of 64 states
    for s in range(n_states):
        dirty[s // 64] |= priority[s] > threshold
    chosen_at = np.zeros(n_states)  # the priority when the chosen pair was last backed up
    turn, backups, moved = 0, 0, 0
    travelled_before, travelled = 0.0, 0.0
    downwards = True
    while backups < most_backups:
        complete = turn < 4 or turn % 10 == 0 or moved == 0
        if turn < 4:
            downwards = turn % 2 == 0
        elif turn == 4:
            downwards = travelled_before > travelled
        travelled_before, travelled, moved = travelled, 0.0, 0
        for i in range(len(dirty)):
            block = len(dirty) - 1 - i if downwards else i
            if not dirty[block]:
                continue
            dirty[block] = not complete
            for w in range(64):
                s = 64 * block + (63 - w if downwards else w)
                if s >= n_states or priority[s] <= threshold:
                    continue
                if complete:
                    low, high = model.pair_start[s], model.pair_end[s]
                    priority[s] = 0.0
                elif priority[s] > chosen_at[s] + threshold:
                    low, high = choice[s], choice[s] + ONE
                else:
                    continue
                chosen_at[s] = priority[s]
                best = -np.inf
                for k in range(low, high):
                    ahead, stay = 0.0, 0.0
                    for j in range(model.outcome_start[k], model.outcome_end[k]):
                        n = model.next_state[j]
                        if n == s:
                            stay += model.probability[j]
                        else:
                            ahead += model.probability[j] * value[n]
                    q, leave = model.reward[k] + gamma * ahead, 1.0 - gamma * stay
                    if leave > 0.0:
                        q /= leave
                    elif q != 0.0:
                        q *= np.inf
                    if q > best:
                        best = q
                        choice[s] = k
                d = gamma * abs(best - value[s])
                value[s] = best
                moved += 1
                travelled += d
                if d > 0.0:
                    for i_before in range(start[s], start[s + 1]):
                        n = predecessor[i_before]
                        priority[n] += d
                        if priority[n] > threshold:
                            dirty[n // 64] = True
        if complete and moved == 0:
            break
        turn += 1
        backups += moved
    return backups

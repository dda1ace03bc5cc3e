"""Automatic choice of the method for a large model, from its graph and from a first attempt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.graph.state_order import locality_order
from rlcalc.numerics.kernel import kernel
from rlcalc.solvers.methods import krylov, local_krylov, modified_policy_iteration
from rlcalc.solvers.methods.bellman_sweeps import Arrays
from rlcalc.solvers.problem import Iterate, Problem

LEAST_FALL = 2.0
"""The factor by which each round of modified policy iteration must divide the bound to go on."""
MOST_BACKUPS, ENOUGH = 300, 200_000_000
"""Backups of each state, and in all, after which Gauss-Seidel alone is given up."""


def solve_automatically(
    problem: Problem, enough: int = ENOUGH, limit: float = np.inf
) -> tuple[Iterate, str]:
    """Return the values, and the name of the method that found them.

    Where nothing ends, modified policy iteration is tried first:
    it is the fastest where a model mixes, and shows in a few rounds whether it does. Where values
    travel, as on a map, Gauss-Seidel follows them, with Krylov evaluation of the regions that do
    not settle; models of other kinds get Krylov evaluation of all states.

    Args:
        problem: any.
        enough: backups that Gauss-Seidel may take alone, at least `MOST_BACKUPS` a state.
        limit: values above it end the search.
    """
    model, gamma = problem.model, problem.gamma
    value = problem.value
    if gamma < 1 and not model.terminal.any():
        iterate = modified_policy_iteration.solve(problem, LEAST_FALL)
        if problem.trace[-1].bound <= problem.tol:
            return iterate, "modified-policy-iteration"
        value = iterate.value
    if spreads_fast(Arrays.of(model)):
        return krylov.solve(replace(problem, value=value)), "krylov"
    order = locality_order(model)
    near = replace(problem, model=order.model, value=order.gather(problem.value))
    most = max(MOST_BACKUPS, enough // model.n_states)
    iterate, method = local_krylov.solve_by_local_krylov(near, most, limit)
    return replace(iterate, value=order.spread(iterate.value)), method


def spreads_fast(model: Arrays) -> bool:
    """Return whether eight steps lead to half of the states, or to a thousand: no map does so."""
    n_states = len(model.pair_start)
    starts = [n_states * i // 8 for i in range(8)]
    widest = max(count_within_steps(model, start, 8) for start in starts)
    return bool(2 * widest > min(n_states, 2000))


@kernel
def count_within_steps(model: Arrays, start: int, steps: int) -> int:
    """Count the states that can be reached from one in so many steps, up to a thousand."""
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
            if last > 1000:
                return last
    return last

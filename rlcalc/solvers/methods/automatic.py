"""Automatic choice of the method for a large model, from its graph and from a first attempt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.graph.state_order import locality_order
from rlcalc.solvers.methods import krylov, local_krylov, modified_policy_iteration, topological
from rlcalc.solvers.methods.bellman_sweeps import Arrays
from rlcalc.solvers.methods.graph_shape import seldom_returns, spreads_fast
from rlcalc.solvers.problem import Iterate, Problem

LEAST_FALL = 2.0
"""The factor by which each round of modified policy iteration must divide the bound to go on."""
MOST_BACKUPS, ENOUGH = 300, 200_000_000
"""Backups of each state, and in all, after which Gauss-Seidel alone is given up."""


def solve_automatically(
    problem: Problem, enough: int = ENOUGH, limit: float = np.inf
) -> tuple[Iterate, str]:
    """Return the values, and the name of the method that found them.

    Where steps seldom come back, components are solved one after another. Where nothing ends,
    modified policy iteration is tried: it is the fastest where a model mixes, and shows in a few
    sweeps whether it does. Where values travel, as on a map, Gauss-Seidel follows them, with Krylov
    evaluation of the regions that do not settle; models of other kinds get it for all states.

    Args:
        problem: any.
        enough: backups that Gauss-Seidel may take alone, at least `MOST_BACKUPS` a state.
        limit: values above it end the search.
    """
    model, gamma = problem.model, problem.gamma
    value = problem.value
    one_way = seldom_returns(model)
    if one_way and (iterate := by_components(problem)) is not None:
        return iterate, "topological"
    if gamma < 1 and not model.terminal.any():
        iterate = modified_policy_iteration.solve(problem, LEAST_FALL)
        if problem.trace[-1].bound <= problem.tol:
            return iterate, "modified-policy-iteration"
        value = iterate.value
        if not one_way and (iterate := by_components(problem)) is not None:
            return iterate, "topological"
    if spreads_fast(Arrays.of(model)):
        return krylov.solve(replace(problem, value=value)), "krylov"
    order = locality_order(model)
    near = replace(problem, model=order.model, value=order.gather(problem.value))
    most = max(MOST_BACKUPS, enough // model.n_states)
    iterate, method = local_krylov.solve_by_local_krylov(near, most, limit)
    return replace(iterate, value=order.spread(iterate.value)), method


def by_components(problem: Problem) -> Iterate | None:
    """Return the values if no component holds more than half of the states; None without success.

    With gamma = 1 a component may have no policy that ends, which only sweeps over all can tell.
    """
    number = topological.all_components(problem.model)
    if 2 * np.bincount(number).max(initial=0) > problem.model.n_states:
        return None
    iterate = topological.solve_components(problem, number)
    last = problem.trace[-1]
    return iterate if (last.bound if problem.gamma < 1 else last.change) <= problem.tol else None

"""Policy iteration: evaluate a policy exactly, make it greedy, until it stays the same."""

from __future__ import annotations

import numpy as np

from rlcalc.solvers.methods import linear
from rlcalc.solvers.problem import Iterate, Iteration, Problem


def solve(problem: Problem) -> Iterate:
    """Return the value of the policy that greedy improvement does not change.

    Actions are changed only for more than rounding, so that it ends; with gamma = 1, for more than
    `tol`. There the best policy for the values to begin with has to end, too.

    Source: Howard (1960); Puterman (1994), section 6.4.
    """
    model, gamma = problem.model, problem.gamma
    value = np.zeros(model.n_states) if problem.value is None else problem.value
    chosen = model.greedy(model.action_value(value, gamma))
    inner = ~model.terminal
    for iteration in range(1, problem.max_iterations + 1):
        chain = model.only(chosen)
        following = linear.solve_system(chain, gamma, chain.reward[:, None])[:, 0]
        change = float(np.abs(following - value).max())
        value = following
        q = model.action_value(value, gamma)
        gained = model.best(q)[inner] - q[chosen[inner]]
        most = float(gained.max(initial=0.0))
        bound = most / (1 - gamma) if gamma < 1 else np.inf
        problem.trace.append(Iteration(iteration, change, bound))
        least = 4 * model.rounding(value, gamma) / (1 - gamma) if gamma < 1 else problem.tol
        better = np.flatnonzero(inner)[gained > least]
        if not len(better):
            break
        chosen[better] = model.greedy(q)[better]
    return Iterate(value, iteration)

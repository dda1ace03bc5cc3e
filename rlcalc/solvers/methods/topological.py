"""Topological iteration: strongly connected components, each once, after those it leads to.

For models that seldom come back: trees, games with stages, chains of components.
"""

from __future__ import annotations

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.end_components import strong_components
from rlcalc.numerics.arrays import Codes, Floats, Ints
from rlcalc.numerics.kernel import kernel
from rlcalc.solvers.methods.bellman_sweeps import Arrays, Sweeper
from rlcalc.solvers.methods.local_krylov import solve_region
from rlcalc.solvers.problem import Iterate, Iteration, Problem

SMALL = 64
"""The most states of a component whose equations are solved by elimination."""
POLICIES = 50
"""The most policies that are evaluated in a small component."""
ROUNDS = 20
"""The most times that all components are solved: once is enough but for large ones."""


def solve(problem: Problem) -> Iterate:
    """Return values that are known to `tol`: components in the order in which values travel.

    Source: Dai, Mausam, Weld & Goldsmith (2011), topological value iteration.
    """
    return solve_components(problem, all_components(problem.model))


def all_components(model: ExpectedMDP) -> Ints:
    """Return the strongly connected component of each state; they lead to smaller numbers only."""
    return strong_components(model, np.ones(model.n_pairs, dtype=bool))


def solve_components(problem: Problem, number: Ints) -> Iterate:
    """Solve the components one after another, until the values are known to `tol`.

    A component's values follow from those of its successors, which are known by then: small ones
    by policy iteration with elimination, large ones by Krylov evaluation.

    Args:
        problem: any; with gamma = 1 it begins with the values of a policy that ends.
        number: [S] the component of each state; they lead to smaller numbers only.
    """
    gamma = problem.gamma
    sweeper = Sweeper(problem)
    value = np.zeros(len(number)) if problem.value is None else problem.value.copy()
    states = np.argsort(number, kind="stable")
    size = np.bincount(number)
    start = np.append(0, np.cumsum(size))
    large = np.append(np.flatnonzero(size > SMALL), len(size))
    place = np.zeros(len(number), dtype=np.int32)
    threshold = problem.tol / 3 * (1 if gamma == 1 else 1 - gamma)
    for sweep in range(1, min(problem.max_iterations, ROUNDS) + 1):
        first = 0
        for component in large:
            solve_small_components(
                sweeper.model, gamma, states, start[first : component + 1], number, place, value
            )
            if component < len(size):
                inside = np.zeros(len(number), dtype=bool)
                inside[states[start[component] : start[component + 1]]] = True
                solve_region(problem, inside, value, threshold)
            first = component + 1
        before, bound = value, sweeper.backup(value)
        value = sweeper.better.copy()
        change = float(np.abs(value - before).max(initial=0.0))
        problem.trace.append(Iteration(sweep, change, bound if gamma < 1 else np.inf))
        if sweeper.done or len(large) == 1:
            break
        threshold /= 3
    return Iterate(sweeper.centred(), sweep)


@kernel
def solve_small_components(  # noqa: C901 (the improvement, the equations, the elimination)
    model: Arrays,
    gamma: float,
    states: Ints,
    start: Ints,
    number: Ints,
    place: Codes,
    value: Floats,
) -> None:
    """V ← the best values of the components states[start[c] : start[c + 1]], one after another.

    Policy iteration: Q(s,a) = r(s,a) + γ Σ p V(s'), and for the chosen actions (I − γP) V = b by
    elimination without pivoting, where b holds the rewards and what is earned outside. A policy
    that does not end with gamma = 1 is left to sweeps.

    `place` [S] is where a state stands in its component, written here.
    """
    choice = np.empty(SMALL, np.int64)
    matrix, right = np.empty((SMALL, SMALL)), np.empty(SMALL)
    for c in range(len(start) - 1):
        base, n = start[c], start[c + 1] - start[c]
        for i in range(n):
            place[states[base + i]] = i
            choice[i] = -1
        for _ in range(POLICIES):
            changed = False
            for i in range(n):
                s = states[base + i]
                best, arg, kept = -np.inf, -1, -np.inf
                for k in range(model.pair_start[s], model.pair_end[s]):
                    ahead, stay, size = 0.0, 0.0, abs(model.reward[k])
                    for j in range(model.outcome_start[k], model.outcome_end[k]):
                        after, p = model.next_state[j], model.probability[j]
                        if n == 1 and after == s:
                            stay += p
                        else:
                            ahead += p * value[after]
                            size += p * abs(value[after])
                    q, leave = model.reward[k] + gamma * ahead, 1.0 - gamma * stay
                    if n == 1:
                        if leave > 0.0:
                            q /= leave
                        elif q != 0.0:
                            q *= np.inf
                    if k == choice[i]:
                        kept = q + 1e-14 * size
                    if q > best:
                        best, arg = q, k
                if arg < 0:
                    value[s] = 0.0
                elif n == 1:
                    value[s] = best
                elif best > kept or choice[i] < 0:
                    choice[i] = arg
                    changed = True
            if n == 1 or not changed:
                break
            for i in range(n):
                k = choice[i]
                matrix[i, :n] = 0.0
                matrix[i, i] = 1.0
                b = model.reward[k]
                for j in range(model.outcome_start[k], model.outcome_end[k]):
                    after, p = model.next_state[j], model.probability[j]
                    if number[after] == number[states[base]]:
                        matrix[i, place[after]] -= gamma * p
                    else:
                        b += gamma * p * value[after]
                right[i] = b
            singular = False
            for i in range(n):
                pivot = matrix[i, i]
                singular |= not pivot > 0.0
                for low in range(i + 1, n):
                    factor = matrix[low, i] / pivot
                    if factor != 0.0:
                        for column in range(i + 1, n):
                            matrix[low, column] -= factor * matrix[i, column]
                        right[low] -= factor * right[i]
            for i in range(n - 1, -1, -1):
                for column in range(i + 1, n):
                    right[i] -= matrix[i, column] * right[column]
                right[i] /= matrix[i, i]
                singular |= not abs(right[i]) < np.inf
            if singular:
                break
            for i in range(n):
                value[states[base + i]] = right[i]

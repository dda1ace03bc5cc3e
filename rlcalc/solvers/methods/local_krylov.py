"""Local Krylov evaluation: Gauss-Seidel where states settle, Krylov in the regions that do not.

On a map most states are nearly known after a few backups. The others form regions with long
cycles: there backups converge slowly, and the linear equations of a policy do not.
"""

from __future__ import annotations

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Flags, Floats, Ints, gather_ranges
from rlcalc.solvers.methods import gauss_seidel, krylov
from rlcalc.solvers.methods.bellman_sweeps import Sweeper
from rlcalc.solvers.problem import Iterate, Iteration, Problem

BACKUPS, FEWER = 60, 4
"""Backups of each state before regions are formed: at first, and afterwards."""
LONG = 0.999
"""With a smaller gamma cycles are short, and backups alone are faster."""
FEW = 3 / 4
"""The largest share of the states in regions; while more are unsettled, all are backed up."""
NEARLY = 10
"""A bound so many times too large is left to a few more backups."""
AROUND = 3
"""Steps that lead into a region and belong to it, too."""
SLOW = 0.7
"""A region that keeps more than this share of its states after a round is widened."""
POLICIES = 8
"""Policies that are evaluated in a region before the states around it are backed up."""
STEPS = 80
"""Steps of the Krylov method for each of them."""
PATIENCE = 15
"""Rounds in regions after which it gives up if neither the bound nor their size became less."""


def solve_by_local_krylov(
    problem: Problem, most_backups: int, limit: float = np.inf
) -> tuple[Iterate, str]:
    """Return values that are known to `tol`, and the name of the method.

    Args:
        problem: any; with gamma = 1, one in which a policy that never ends loses without limit.
        most_backups: of each state, after which all unsettled states are one region.
        limit: values above it end the search.
    """
    gamma = problem.gamma
    sweeper = Sweeper(problem)
    before = gauss_seidel.predecessor_states(sweeper.model)
    value, threshold = sweeper.initial_values(problem.value)
    n_states = len(value)
    method, spent = "gauss-seidel", 0
    chunk = BACKUPS if gamma > LONG else most_backups
    smallest, fewest, last_gain = np.inf, n_states, 0
    around, active_before = AROUND, n_states
    for sweep in range(1, problem.max_iterations + 1):
        bound = sweeper.backup(value)
        priority = np.abs(sweeper.better - value)
        largest = float(priority.max())
        problem.trace.append(Iteration(sweep, largest, bound if gamma < 1 else np.inf))
        if sweeper.done or float(value.max()) > limit:
            break
        if largest <= threshold:
            threshold /= 3
        active = priority > threshold
        n_active = int(active.sum())
        if bound < smallest / 2 or n_active < 0.9 * fewest:
            smallest, fewest, last_gain = min(bound, smallest), min(n_active, fewest), sweep
        if threshold < sweeper.floor / 100 or sweep > last_gain + PATIENCE:
            break
        nearly = method == "gauss-seidel" and bound <= NEARLY * problem.tol
        few = sweep > 1 and n_active <= FEW * n_states and not nearly
        if few or spent >= most_backups * n_states:
            method, chunk = "krylov", FEWER
            around = 4 * around if n_active > SLOW * active_before else AROUND
            active_before = n_active
            inside = widened_region(active, around, before) & sweeper.model.live
            solve_region(problem, inside, value, threshold)
            sweeper.backup(value)
            priority = np.abs(sweeper.better - value)
        most = chunk * n_states
        spent += gauss_seidel.prioritised_backups(
            sweeper.model, gamma, before, threshold, most, value, priority, sweeper.choice
        )
        chunk *= 4 if method == "gauss-seidel" else 1
    return Iterate(sweeper.centred(), sweep), method


def widened_region(active: Flags, around: int, before: gauss_seidel.Predecessors) -> Flags:
    """Return the active states and those from which few steps lead to them."""
    inside = active
    start, predecessor = before[0].view(np.int64), before[1]
    edge = np.flatnonzero(active)
    for _ in range(around):
        if not len(edge):
            break
        wider = inside.copy()
        wider[predecessor[gather_ranges(start, edge)[1]]] = True
        edge = np.flatnonzero(wider & ~inside)
        inside = wider
    return inside


def solve_region(problem: Problem, inside: Flags, value: Floats, threshold: float) -> None:
    """Solve for the values of some states, in place; all others stay what they are."""
    gamma = problem.gamma
    part, states = _region_model(problem.model, inside, value, gamma)
    far = 1.0 if gamma == 1 else gamma / (1 - gamma)
    near = np.append(value[states], 0.0)
    near_problem = Problem(part, gamma, far * threshold / 2, POLICIES, near, problem.jobs)
    value[states] = krylov.solve(near_problem, most_steps=STEPS).value[:-1]


def _region_model(
    model: ExpectedMDP, inside: Flags, value: Floats, gamma: float
) -> tuple[ExpectedMDP, Ints]:
    """Return a model of some states, in which steps to all others earn their values, and end.

    Returns:
        the model, whose last state is that end; which states the others are.
    """
    states = np.flatnonzero(inside)
    pair_start, pair = gather_ranges(model.pair_start, states)
    outcome_start, outcome = gather_ranges(model.outcome_start, pair)
    next_state, probability = model.next_state[outcome], model.probability[outcome]
    stays = inside[next_state]
    paid = np.where(stays, 0.0, probability * value[next_state])
    number = np.full(model.n_states, len(states), dtype=np.int32)
    number[states] = np.arange(len(states), dtype=np.int32)
    part = ExpectedMDP(
        pair_start=np.append(pair_start, pair_start[-1]),
        outcome_start=outcome_start,
        next_state=number[next_state],
        probability=probability,
        reward=model.reward[pair] + gamma * np.add.reduceat(paid, outcome_start[:-1]),
        largest_reward=model.largest_reward,
    )
    return part, states

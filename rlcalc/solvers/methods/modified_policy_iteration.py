"""Modified policy iteration: few maximisations, many cheap sweeps with the policy fixed.

For models that mix: every sweep reduces the error by a good part.
"""

from __future__ import annotations

import numpy as np

from rlcalc.numerics.kernel import kernel
from rlcalc.solvers.methods.bellman_sweeps import Singles, Sweeper
from rlcalc.solvers.methods.policy_rows import PolicyRows, gather_policy_rows
from rlcalc.solvers.problem import Iterate, Iteration, Problem

FALL = 30
"""A policy is evaluated until values move so many times less than in its maximisation."""
MOST_SWEEPS, SOON = 60, 8
"""Sweeps that evaluate a policy, and those after which it shows whether the model mixes."""
PATIENCE = 200
"""Rounds after which it gives up if the bound was not halved."""
FIRST = 2
"""Rounds in which the policy is still so far off that the bound may fall slowly in any model."""


def solve(problem: Problem, least_fall: float = 0.0) -> Iterate:
    """Return values that are known to `tol`: V ← TV + e, with e from the residual of the policy.

    e is solved for roughly, in single precision: the next maximisation corrects it. Actions that
    the bounds prove not to be the best are left out of the rest.

    Args:
        problem: with gamma = 1, no action is left out.
        least_fall: give up when a round does not divide the bound by this, after the first few.

    Source: Puterman & Shin (1978); MacQueen (1967) for the elimination of actions.
    """
    gamma, tol = problem.gamma, problem.tol
    near = 1 - gamma if gamma < 1 else 1.0
    sweeper = Sweeper(problem)
    model = problem.model
    chain = PolicyRows.for_policies_of(sweeper.model, np.float32)
    endless = not model.terminal.any()  # else V = 0 in terminal states forbids to shift
    value = np.zeros(len(sweeper.better)) if problem.value is None else problem.value.copy()
    sweeper.rewards_only() if problem.value is None else sweeper.backup(value)
    bound = best = sweeper.bound
    last_gain = 0
    patience = max(PATIENCE, int(2 / near))  # V ← TV alone halves the bound in 0.7/(1 − γ)
    for sweep in range(1, problem.max_iterations + 1):
        gather_policy_rows(sweeper.model, sweeper.choice, chain)
        middle = endless * (sweeper.lowest + sweeper.highest) / 2
        change = (sweeper.better - value - middle).astype(np.float32)
        goal = max((sweeper.highest - sweeper.lowest) / FALL, tol * near / 3)
        moved, mixes = partial_policy_evaluation(
            sweeper, chain, change, goal, endless=endless, hasty=least_fall > 0
        )
        backed = sweeper.better.copy()
        value += moved
        before, bound = bound, sweeper.backup(value)
        astray = not bound <= before
        if moved is change:  # sweeps with a shift led away
            endless = False
        if astray and (endless or not bound < np.inf):  # V ← TV is not led astray
            value, endless = backed, False  # nor are sweeps without a shift, in the long run
            bound = sweeper.backup(value)
        problem.trace.append(Iteration(sweep, float(np.abs(moved).max()), bound))
        if bound < best / 2:
            best, last_gain = bound, sweep
        if (
            sweeper.done
            or sweep > last_gain + patience
            or (least_fall > 0 and not mixes)
            or (sweep > FIRST and bound * least_fall > before)
        ):
            break
        if gamma < 1:
            margin = (gamma * (sweeper.highest - sweeper.lowest) + 4 * sweeper.floor) / near
            model = sweeper.eliminate_actions(model, margin)
    return Iterate(sweeper.centred(), sweep)


def partial_policy_evaluation(
    sweeper: Sweeper, chain: PolicyRows, change: Singles, goal: float, *, endless: bool, hasty: bool
) -> tuple[Singles, bool]:
    """Return e of (I − γP) e = d, roughly, up to a constant in an endless chain.

    Where sweeps do not lead there, it is d. Also return whether the movement was soon halved.
    """
    error, first = change.copy(), float(np.abs(change).max())
    gamma = np.float32(sweeper.gamma)
    mixes = True
    for sweep in range(MOST_SWEEPS):
        mean = error.mean() if endless else np.float32(0)
        before = error.copy() if len(sweeper.blocks) > 1 else error
        arrays = chain, gamma, change, before, error, mean
        largest = max(
            sweeper.map(lambda block, a=arrays: modified_policy_sweep(*a, *block), sweeper.blocks)
        )
        if largest <= goal:
            return error, mixes
        if not largest <= 10 * first:
            return change, False
        if sweep == SOON:
            mixes = 2 * largest <= first
            if hasty and not mixes:
                break
    return error, mixes


@kernel
def modified_policy_sweep(
    chain: PolicyRows,
    gamma: np.float32,
    change: Singles,
    before: Singles,
    error: Singles,
    mean: np.float32,
    first: int,
    last: int,
) -> np.float32:
    """e(s) ← d(s) − m + γ Σ p e(s'), in place;  returns the largest movement.

    m, the mean of e, keeps out the constant error, which is the slowest to go and which the bounds
    remove for nothing. Outcomes in other blocks are taken from before the sweep.
    """
    largest = np.float32(0)
    for s in range(first, last):
        ahead = np.float32(0)
        for j in range(chain.row_start[s], chain.row_end[s]):
            n = chain.next_state[j]
            ahead += chain.probability[j] * (error[n] if first <= n < last else before[n])
        new = change[s] - mean + gamma * ahead
        largest = max(largest, abs(new - error[s]))
        error[s] = new
    return largest

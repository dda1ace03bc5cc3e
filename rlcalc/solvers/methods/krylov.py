"""Policy iteration whose policies are evaluated by a preconditioned Krylov method.

For large models that neither mix nor are like maps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.kernel import kernel
from rlcalc.solvers.methods.bellman_sweeps import ONE, Arrays, Sweeper, Unsigned
from rlcalc.solvers.methods.policy_rows import PolicyRows, gather_policy_rows
from rlcalc.solvers.problem import Iterate, Iteration, Problem

FALL = 30
"""The factor by which the evaluation of a policy reduces the residual."""
MOST_STEPS = 200
PATIENCE = 1000
"""Policies after which it gives up unless the bound was halved."""


def solve(problem: Problem, most_steps: int = MOST_STEPS) -> Iterate:
    """Return values that are known to `tol`: maximise, then solve the policy's own equation.

    Args:
        problem: any.
        most_steps: that the evaluation of a policy may take.
    """
    gamma, tol = problem.gamma, problem.tol
    sweeper = Sweeper(problem)
    chain = PolicyRows.for_policies_of(sweeper.model, np.float64)
    threshold = tol / 3 * (1 if gamma == 1 else 1 - gamma)
    value = np.zeros(len(sweeper.better)) if problem.value is None else problem.value.copy()
    best, last_gain = np.inf, 0
    for sweep in range(1, problem.max_iterations + 1):
        bound = sweeper.backup(value)
        if bound < best / 2:
            best, last_gain = bound, sweep
        change = sweeper.better - value
        largest = float(np.abs(change).max())
        problem.trace.append(Iteration(sweep, largest, bound if gamma < 1 else np.inf))
        if sweeper.done or sweep > last_gain + PATIENCE:
            break
        gather_policy_rows(sweeper.model, sweeper.choice, chain)
        goal = max(largest / FALL, threshold)
        value += bicgstab(Matrix.of(chain, gamma), change, goal, most_steps)
    return Iterate(sweeper.centred(), sweep)


def solve_system_by_krylov(
    chain: ExpectedMDP, gamma: float, rewards: Floats, goal: float, value: Floats | None = None
) -> Floats:
    """Return v of v = rewards + γ P v in a model with one pair a state, up to rounding.

    Args:
        chain: one pair in each state that is not terminal.
        gamma: 0..1.
        rewards: [K] rewards.
        goal: the largest |rewards + γ P v − v| that is good enough.
        value: [S] where to begin.
    """
    arrays = Arrays.of(chain)
    rows = PolicyRows.for_policies_of(arrays, np.float64)
    gather_policy_rows(arrays, arrays.pair_start, rows)
    matrix = Matrix.of(rows, gamma)
    inner = ~chain.terminal
    value, largest = np.zeros(chain.n_states) if value is None else value, np.inf
    residual = np.zeros(chain.n_states)
    for _ in range(MOST_STEPS):
        ahead = chain.action_value(value, gamma) - chain.reward + rewards
        residual[inner] = ahead - value[inner]
        before, largest = largest, float(np.abs(residual).max(initial=0.0))
        if largest <= goal or not largest < before / 2:
            break
        value = value + bicgstab(matrix, residual, max(goal, largest * 1e-10))
    return value


class Matrix(NamedTuple):
    """I − γP: the rows of γP with columns below the diagonal first, then those above it."""

    row_start: Unsigned  # [S]
    lower_end: Unsigned  # [S]
    upper_end: Unsigned  # [S]
    next_state: Unsigned  # [M]
    entry: Floats  # [M] γ p
    inverse: Floats  # [S] 1/(1 − γ p(s|s))

    @classmethod
    def of(cls, chain: PolicyRows, gamma: float) -> Matrix:
        """Return the matrix of a chain, whose arrays it overwrites."""
        lower_end, upper_end = (np.empty(len(chain.row_start), np.uint64) for _ in range(2))
        inverse = np.empty(len(chain.row_start))
        split_rows(chain, gamma, lower_end, upper_end, inverse)
        entry = chain.probability.astype(np.float64, copy=False)
        return cls(chain.row_start, lower_end, upper_end, chain.next_state, entry, inverse)


@kernel
def split_rows(
    chain: PolicyRows, gamma: float, lower_end: Unsigned, upper_end: Unsigned, inverse: Floats
) -> None:
    """Sort each row of γP into columns below the diagonal, above it, and on it."""
    next_state, probability = chain.next_state, chain.probability
    for s in range(len(inverse)):
        lower, upper = chain.row_start[s], chain.row_end[s]
        stay = 0.0
        j = lower
        while j < upper:
            n, p = next_state[j], gamma * probability[j]
            if n == s:
                stay += p
                upper -= ONE
                next_state[j], probability[j] = next_state[upper], probability[upper]
            elif n < s:
                next_state[j], next_state[lower] = next_state[lower], n
                probability[j], probability[lower] = probability[lower], p
                lower += ONE
                j += ONE
            else:
                probability[j] = p
                j += ONE
        lower_end[s], upper_end[s], inverse[s] = lower, upper, 1.0 / (1.0 - stay)


@kernel
def precondition(matrix: Matrix, x: Floats, y: Floats) -> None:
    """Y = M⁻¹ x, then x ← A y,  with A = I − γP and M its symmetric Gauss-Seidel.

    M = (D + L) D⁻¹ (D + U), where D, L and U are A's diagonal and what is below and above it.
    """
    for s in range(len(x)):
        q = x[s]
        for j in range(matrix.row_start[s], matrix.lower_end[s]):
            q += matrix.entry[j] * y[matrix.next_state[j]]
        y[s] = q * matrix.inverse[s]
    for s in range(len(x) - 1, -1, -1):
        q = 0.0
        for j in range(matrix.lower_end[s], matrix.upper_end[s]):
            q += matrix.entry[j] * y[matrix.next_state[j]]
        y[s] += q * matrix.inverse[s]
    for s in range(len(x)):
        q = y[s] / matrix.inverse[s]
        for j in range(matrix.row_start[s], matrix.upper_end[s]):
            q -= matrix.entry[j] * y[matrix.next_state[j]]
        x[s] = q


@kernel
def dot(x: Floats, y: Floats) -> float:
    """Σ x y, in the order of the states."""
    total = 0.0
    for s in range(len(x)):
        total += x[s] * y[s]
    return total


def bicgstab(matrix: Matrix, change: Floats, goal: float, most_steps: int = MOST_STEPS) -> Floats:
    """Return e of (I − γP) e = d, with a residual of at most `goal`, else the best one.

    Source: van der Vorst (1992), preconditioned from the right.
    """
    remainder, shadow, direction = change.copy(), change, change.copy()
    error, best, smallest = np.zeros(len(change)), np.zeros(len(change)), np.inf
    forward, sideways = np.empty(len(change)), np.empty(len(change))
    rho = dot(shadow, remainder)
    for _ in range(most_steps):
        image = direction.copy()
        precondition(matrix, image, forward)
        along = dot(shadow, image)
        if rho == 0 or along == 0:
            break
        alpha = rho / along
        remainder -= alpha * image
        turned = remainder.copy()
        precondition(matrix, turned, sideways)
        size = dot(turned, turned)
        omega = dot(turned, remainder) / size if size else 0.0
        error += alpha * forward
        error += omega * sideways
        remainder -= omega * turned
        largest = float(np.abs(remainder).max())
        if largest < smallest:
            smallest = largest
            best[:] = error
        if smallest <= goal or not largest < 1e9 * smallest or omega == 0:
            break
        rho_before, rho = rho, dot(shadow, remainder)
        image *= -omega
        image += direction
        image *= rho / rho_before * alpha / omega
        direction = remainder + image
    return best

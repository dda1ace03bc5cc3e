"""Direct methods: the linear system of a policy, (I − γP) v = r, and the linear program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.solvers.problem import Iterate, Problem

DENSE = 1500
"""States up to which a dense matrix is factorised, without any library but numpy."""


def solve(problem: Problem) -> Iterate:
    """Return the solution of the policy's system, or of the program whose answer is the optimum.

        minimise Σ_s v(s)  subject to  v(s) ≥ r(s,a) + γ Σ_s' P(s'|s,a) v(s')  for all (s, a)

    Source: Puterman (1994), section 6.9; solved by HiGHS.
    """
    if problem.is_policy:
        model = problem.model
        return Iterate(solve_system(model, problem.gamma, model.reward[:, None])[:, 0], 1)
    return _linear_program(problem)


def solve_system(
    chain: ExpectedMDP, gamma: float, rewards: Floats, residual: float = 1e-12
) -> Floats:
    """Return the values of some rewards in a model with one pair a state.

        v = rewards + γ P v

    Args:
        chain: one pair in each state that is not terminal.
        gamma: below 1, or 1 where every state leads to a terminal one.
        rewards: [K, several] rewards, one column for each answer.
        residual: the relative residual that counts as solved where there are many states.

    Returns:
        [S, several] values, 0 in terminal states; not a number where there are none. For a model in
        fractions floats are refined: the residual is the next right-hand side.
    """
    if chain.exact:
        return _solve_in_fractions(chain, gamma, rewards)
    if int((~chain.terminal).sum()) > DENSE:
        return _solve_sparse(chain, gamma, rewards, residual)
    inner, moves = dense_transition(chain, gamma)
    values = np.zeros((chain.n_states, rewards.shape[1]))
    try:
        values[inner] = np.linalg.solve(np.eye(len(inner)) - moves, rewards)
    except np.linalg.LinAlgError:  # singular: a policy that never ends
        values[inner] = np.nan
    return values


def visits_of_chain(chain: ExpectedMDP, gamma: float, start: Floats) -> Floats:
    """Return [S] the discounted visits of a chain: d = start + γ Pᵀ d, 0 in terminal states.

    Args:
        chain: one pair in each state that is not terminal.
        gamma: 0..1; with 1, a chain that ends.
        start: [S] the probability of the first state.
    """
    return np.maximum(solve_adjoint(chain, gamma, start[:, None])[:, 0], 0.0)


def solve_adjoint(chain: ExpectedMDP, gamma: float, weights: Floats) -> Floats:
    """Return the discounted visits that some weights of states lead to.

        d = weights + γ Pᵀ d, Σ_s weights(s) v(s) = Σ_s d(s) rewards(s) if v = rewards + γ P v

    Args:
        chain: one pair in each state that is not terminal.
        gamma: below 1, or 1 where every state leads to a terminal one.
        weights: [S, several], of any sign.

    Returns:
        [S, several] visits, 0 in terminal states; not a number where there are none.
    """
    inner = np.flatnonzero(~chain.terminal)
    visits = np.zeros_like(weights)
    try:
        if len(inner) <= DENSE:
            _, moves = dense_transition(chain, gamma)
            visits[inner] = np.linalg.solve(np.eye(len(inner)) - moves.T, weights[inner])
        else:
            visits[inner] = _sparse_adjoint(chain, gamma, weights[inner])
    except (np.linalg.LinAlgError, RuntimeError):  # singular: a policy that never ends
        visits[inner] = np.nan
    return visits


def _sparse_adjoint(chain: ExpectedMDP, gamma: float, weights: Floats) -> Floats:
    """Solve a large transposed system by BiCGSTAB; where that fails, by sparse factors."""
    from scipy.sparse.linalg import bicgstab

    matrix, answer = _matrix(chain, gamma).T.tocsr(), np.empty_like(weights)
    for j in range(weights.shape[1]):
        answer[:, j], failed = bicgstab(matrix, weights[:, j], rtol=1e-11, maxiter=1000)
        if failed:
            return np.asarray(_factors(chain, gamma).solve(weights, "T"))
    return answer


def dense_transition(chain: ExpectedMDP, gamma: float) -> tuple[Ints, Floats]:
    """Return the states that are not terminal, and γP between them."""
    inner = np.flatnonzero(~chain.terminal)
    number = np.full(chain.n_states, -1)
    number[inner] = np.arange(len(inner))
    row = np.repeat(np.arange(len(inner)), np.diff(chain.outcome_start))
    column = number[chain.next_state]
    stays = column >= 0
    moves = np.zeros((len(inner), len(inner)))
    np.add.at(moves, (row[stays], column[stays]), gamma * chain.probability[stays])
    return inner, moves


def gth_elimination(chain: ExpectedMDP, gamma: float, rewards: Floats) -> Floats:
    """Return the same as `solve_system`, by elimination of the states one by one.

    Where one goes round for 10^15 steps, 1 − p is lost in rounding when it is a difference. Here it
    is a sum, of all that leaves a state: so values are right however long it takes.

    Source: Grassmann, Taksar & Heyman (1985); O'Cinneide (1993) for the accuracy.
    """
    inner, moves = dense_transition(chain, gamma)
    ends = chain.terminal[chain.next_state] * chain.probability
    leaving_rate = gamma * np.add.reduceat(ends, chain.outcome_start[:-1]) + (1 - gamma)
    solution = rewards.copy()
    with np.errstate(divide="ignore", invalid="ignore"):  # a state that never ends has no value
        for k in range(len(inner)):
            leaving = leaving_rate[k] + moves[k, k + 1 :].sum()
            share = moves[k + 1 :, k] / leaving
            moves[k + 1 :, k + 1 :] += share[:, None] * moves[k, k + 1 :]
            leaving_rate[k + 1 :] += share * leaving_rate[k]
            solution[k + 1 :] += share[:, None] * solution[k]
            moves[k, k] = leaving
        for k in reversed(range(len(inner))):
            solution[k] = (solution[k] + moves[k, k + 1 :] @ solution[k + 1 :]) / moves[k, k]
    values = np.zeros((chain.n_states, rewards.shape[1]))
    values[inner] = solution
    return values


def _solve_sparse(chain: ExpectedMDP, gamma: float, rewards: Floats, solved: float) -> Floats:
    """Solve a large system by a Krylov method; where that fails, by sparse factors."""
    from rlcalc.solvers.methods import krylov

    values = np.zeros((chain.n_states, rewards.shape[1]))
    for j in range(rewards.shape[1]):
        size = float(np.abs(rewards[:, j]).max(initial=0.0))
        value = krylov.solve_system_by_krylov(chain, gamma, rewards[:, j], STOPS * solved * size)
        one = replace(chain, reward=rewards[:, j])
        residual = np.abs(one.best(one.action_value(value, gamma)) - value).max()
        if not residual <= solved * max(size, float(np.abs(value).max())):
            return solve_by_factors(chain, gamma, rewards)
        values[:, j] = value
    return values


STOPS = 1e-3
"""A large system stops at this part of the residual that counts as solved."""


def solve_by_factors(chain: ExpectedMDP, gamma: float, rewards: Floats) -> Floats:
    """Return the same by sparse factors: where states have few and near neighbours."""
    inner = np.flatnonzero(~chain.terminal)
    values = np.zeros((chain.n_states, rewards.shape[1]))
    try:
        values[inner] = _factors(chain, gamma).solve(rewards)
    except RuntimeError:  # singular
        values[inner] = np.nan
    return values


def _factors(chain: ExpectedMDP, gamma: float) -> Any:
    """Return the sparse factors of I − γP, between the states that are not terminal.

    Raises:
        RuntimeError: it is singular.
    """
    from scipy.sparse.linalg import splu

    return splu(_matrix(chain, gamma))


def _matrix(chain: ExpectedMDP, gamma: float) -> Any:
    """Return I − γP between the states that are not terminal, by columns."""
    import scipy.sparse as sparse

    inner = np.flatnonzero(~chain.terminal)
    p = sparse.csr_matrix(
        (chain.probability, chain.next_state, chain.outcome_start),
        shape=(len(inner), chain.n_states),
    )
    return (sparse.eye(len(inner)) - gamma * p[:, inner]).tocsc()


REFINEMENTS, NEGLIGIBLE = 30, 1e-31
"""Each brings some 10 digits, where 1 − γ is 1e-16 about one; two floats hold 32."""


def _solve_in_fractions(chain: ExpectedMDP, gamma: float, rewards: Floats) -> Floats:
    rough = replace(
        chain, probability=chain.probability.astype(np.float64), reward=np.zeros(chain.n_pairs)
    )
    zero = np.zeros((chain.n_states, rewards.shape[1]), dtype=object)
    values, before = zero, np.inf
    solve: Callable[[ExpectedMDP, float, Floats], Floats] = solve_system
    for _ in range(REFINEMENTS):
        step = solve(rough, gamma, _residual(chain, gamma, rewards, values).astype(np.float64))
        size = float(np.abs(step).max(initial=0.0))
        if solve is solve_system and not size < before / 2 and chain.n_states <= DENSE:
            values, solve, before = zero, gth_elimination, np.inf
            continue
        if not np.isfinite(step).all():
            return step
        before = size
        values = np.vectorize(_as_two_floats, otypes=[object])(values, step)
        if size <= NEGLIGIBLE * float(np.abs(values).max(initial=0)):
            break
    simple: Floats = np.vectorize(_simplest_fraction, otypes=[object])(values)
    return values if _residual(chain, gamma, rewards, simple).any() else simple


def _residual(chain: ExpectedMDP, gamma: float, rewards: Floats, values: Floats) -> Floats:
    """Return the residual rewards + γ P v − v, without rounding."""
    ahead = [
        replace(chain, reward=rewards[:, j]).action_value(values[:, j], gamma)
        for j in range(rewards.shape[1])
    ]
    return np.stack(ahead, axis=1) - values[~chain.terminal]


def _simplest_fraction(value: Fraction) -> Fraction:
    return Fraction(value).limit_denominator(1_000_000)


def _as_two_floats(value: Fraction, step: float) -> Fraction:
    """Return value + step, as what two floats can hold: fractions would grow without end."""
    total = value + Fraction(step)
    high = float(total)
    return Fraction(high) + Fraction(float(total - Fraction(high)))


def _linear_program(problem: Problem) -> Iterate:
    import scipy.sparse as sparse
    from scipy.optimize import linprog

    model = problem.model
    ahead = sparse.csr_matrix(
        (model.probability, model.next_state, model.outcome_start),
        shape=(model.n_pairs, model.n_states),
    )
    here = sparse.eye(model.n_states, format="csr")[model.pair_state]
    bounds = np.where(model.terminal[:, None], 0.0, [[-np.inf, np.inf]])
    total, limits = np.ones(model.n_states), problem.gamma * ahead - here
    answer = linprog(total, limits, -model.reward, bounds=bounds, method="highs")
    value = np.full(model.n_states, np.nan) if answer.x is None else answer.x
    return Iterate(np.where(model.terminal, 0.0, value), int(answer.nit))

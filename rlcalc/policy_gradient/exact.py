"""The exact gradient of a softmax policy's objective: two linear systems with one matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rlcalc.errors import InputError
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.reachability import never_ending, reachable
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.solvers.methods.linear import DENSE


@dataclass(frozen=True)
class ExactGradient:
    """The objective J of a policy, and its gradient in the logits."""

    objective: float  # J = Σ_s P(s_1 = s) V(s)
    value: Floats  # [S] V(s); 0 in states that no episode reaches
    action_value: Floats  # [K] Q(s,a)
    advantage: Floats  # [K] A(s,a) = Q(s,a) − V(s)
    visits: Floats  # [S] d_γ(s) = Σ_t γ^t P(s_t = s)
    pair_visits: Floats  # [K] d_γ(s) π(a|s)
    gradient: Floats  # [K] ∂J/∂θ(s,a)
    surrogate: Floats  # [K] d_γ(s) π(a|s) log π(a|s): times Q, say, it sums to Ĵ


def exact_gradient(mdp: MDP, weight: Floats, start: Floats, gamma: float) -> ExactGradient:
    """Return J and its gradient in the logits θ of π(a|s) = exp θ(s,a) / Σ_b exp θ(s,b).

        ∂J/∂θ(s,a) = d_γ(s) π(a|s) A(s,a),   d_γ = start + γ P_πᵀ d_γ,   V = r_π + γ P_π V

    Only states that can be reached take part: elsewhere d_γ is 0, and V may not exist.

    Args:
        mdp: the model.
        weight: [K] π(a|s).
        start: [S] the distribution of the first state.
        gamma: the discount factor a step.

    Raises:
        InputError: gamma is 1 and some episodes never end.

    Source: Sutton, McAllester, Singh & Mansour (2000), theorem 1; Agarwal et al. (2021), eq. 10.
    """
    model = mdp.expected
    value, visits = _systems(model.induced_by(weight), start, gamma)
    action_value = model.action_value(value, gamma)
    advantage = action_value - value[model.pair_state]
    pair_visits = visits[model.pair_state] * weight
    with np.errstate(divide="ignore", invalid="ignore"):
        log_weight = np.where(weight > 0, np.log(weight), 0.0)
    return ExactGradient(
        objective=float(start @ value),
        value=value,
        action_value=action_value,
        advantage=advantage,
        visits=visits,
        pair_visits=pair_visits,
        gradient=pair_visits * advantage + 0.0,  # 0 without a sign
        surrogate=pair_visits * log_weight,
    )


def expected_without_discount_weight(
    mdp: MDP, weight: Floats, start: Floats, advantage: Floats
) -> Floats:
    """Return the expected estimate of the gradient without its factor γ^t: d_1(s) π(a|s) A(s,a).

    Args:
        mdp: the model.
        weight: [K] π(a|s).
        start: [S] the distribution of the first state.
        advantage: [K] A(s,a), discounted all the same.

    Raises:
        InputError: some episodes never end.

    Source: Nota & Thomas (2020), Is the policy gradient a gradient?
    """
    model = mdp.expected
    visits = _systems(model.induced_by(weight), start, 1.0)[1]
    return visits[model.pair_state] * weight * advantage


def _systems(chain: ExpectedMDP, start: Floats, gamma: float) -> tuple[Floats, Floats]:
    """Return V and d_γ of a model with one pair a state.

    Raises:
        InputError: they do not exist.
    """
    reached = reachable(chain, start > 0)
    if gamma == 1 and reached[never_ending(chain)].any():
        raise InputError(
            "some episodes never end, so with gamma = 1 the gradient does not exist",
            fix="use --gamma 0.99, or a model whose episodes end",
        )
    states: Ints = np.flatnonzero(reached & ~chain.terminal)
    number = np.full(chain.n_states, -1)
    number[states] = np.arange(len(states))
    row = number[chain.pair_state].repeat(np.diff(chain.outcome_start))
    column = number[chain.next_state]
    kept = (row >= 0) & (column >= 0)
    entries = row[kept], column[kept], -gamma * chain.probability[kept]
    reward = chain.reward[number[chain.pair_state] >= 0]
    value, visits = np.zeros(chain.n_states), np.zeros(chain.n_states)
    solution = (_dense if len(states) <= DENSE else _sparse)(*entries, reward, start[states])
    value[states], visits[states] = solution
    return value, np.maximum(visits, 0.0)


def _dense(
    row: Ints, column: Ints, entry: Floats, reward: Floats, start: Floats
) -> tuple[Floats, Floats]:
    matrix = np.eye(len(reward))
    np.add.at(matrix, (row, column), entry)
    value, visits = np.linalg.solve(matrix, reward), np.linalg.solve(matrix.T, start)
    return value.astype(np.float64), visits.astype(np.float64)


def _sparse(
    row: Ints, column: Ints, entry: Floats, reward: Floats, start: Floats
) -> tuple[Floats, Floats]:
    """Solve both large systems by a Krylov method; where that fails, by sparse factors."""
    import scipy.sparse as sparse
    from scipy.sparse.linalg import splu

    n = len(reward)
    matrix = (sparse.eye(n) + sparse.csr_matrix((entry, (row, column)), (n, n))).tocsr()
    value, visits = _krylov(matrix, reward), _krylov(matrix.T.tocsr(), start)
    if value is not None and visits is not None:
        return value, visits
    factors = splu(matrix.tocsc())
    value = np.asarray(factors.solve(reward), dtype=np.float64)
    return value, np.asarray(factors.solve(start, trans="T"), dtype=np.float64)


MOST_RESTARTS, TOLERANCE = 6, 1e-12
"""How often the Krylov method restarts with the residual; the relative residual that it accepts."""


def _krylov(matrix: Any, right: Floats) -> Floats | None:
    """Return the solution of a system, or None if the method does not converge."""
    from scipy.sparse.linalg import bicgstab

    solution: Floats = np.zeros(len(right))
    residual = right
    for _ in range(MOST_RESTARTS):
        solution = solution + bicgstab(matrix, residual, rtol=1e-6, atol=0.0, maxiter=1000)[0]
        residual = right - matrix @ solution
        if np.linalg.norm(residual) <= TOLERANCE * np.linalg.norm(right):
            return solution
    return None

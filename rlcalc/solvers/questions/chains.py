"""Chains: linear systems of a policy's chain, with a proof by the expected number of steps."""

from __future__ import annotations

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.graph.end_components import closed_sets
from rlcalc.numerics.arrays import Flags
from rlcalc.policy import Policy
from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.methods import linear
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.proofs.macqueen import rounded_up
from rlcalc.solvers.setup import SolveSetup


def endless(chain: ExpectedMDP, gamma: float) -> Flags:
    """Return [S] the states of a chain that are visited for ever: none for γ < 1."""
    stays: Flags = np.zeros(chain.n_states, dtype=bool)
    for states in closed_sets(chain) if gamma == 1 else []:
        stays[states] = True
    return stays


def most_discounted_steps(chain: ExpectedMDP, gamma: float) -> float:
    """Return a proven bound on the largest row sum of (I − γP)⁻¹; infinite if none is proven.

    For w > 0 with m = min(w − γPw) > 0, (I − γP)⁻¹ 1 ≤ w / m.

    Args:
        chain: one pair in each state that is not terminal.
        gamma: 0..1.
    """
    if not chain.n_pairs:
        return 1.0
    one = np.ones(chain.n_pairs)
    w = linear.solve_system(chain, gamma, one[:, None])[:, 0]
    if not np.isfinite(w).all():
        return np.inf
    expected = np.add.reduceat(chain.probability * w[chain.next_state], chain.outcome_start[:-1])
    slack = (3 * chain.most_outcomes + 8) * UNIT_ROUNDOFF * float(np.abs(w).max())
    progress = float((w[chain.pair_state] - gamma * expected).min()) - slack
    return rounded_up(float(w.max()) / progress) if progress > 0 and w.min() >= 0 else np.inf


def chosen_policy(setup: SolveSetup) -> tuple[Policy, Solution]:
    """Return the policy of the request, else the best one, and its values."""
    solution = find_solution(setup)
    return setup.policy or setup.greedy_policy(solution), solution

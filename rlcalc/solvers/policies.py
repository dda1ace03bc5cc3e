"""The policy of an answer: the requested one, or the best, which follows from the best values."""

from __future__ import annotations

from dataclasses import replace

from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.solvers.dispatch import Solution, find_solution
from rlcalc.solvers.request import SolveRequest


def policy_to_evaluate(mdp: MDP, request: SolveRequest, gamma: float) -> Policy | None:
    """Return the policy to evaluate; None is the best one.

    Raises:
        InputError: the policy needs the best values, and there are none.
    """
    policy = request.policy
    if policy is None or isinstance(policy, Policy):
        return policy
    best = find_solution(mdp, replace(request, bellman=None, method="auto"), gamma, None)
    return policy(mdp.expected, best.action_value, separation(mdp, best, gamma, request.wanted))


def greedy_policy(mdp: MDP, solution: Solution, gamma: float, tol: float) -> Policy:
    """Return the policy that takes the best actions of a solution."""
    tolerance = separation(mdp, solution, gamma, tol)
    return Policy.greedy(mdp.expected, solution.action_value, tolerance)


def separation(mdp: MDP, solution: Solution, gamma: float, tol: float) -> float:
    """Return the difference below which action values tie; 0 where the bound is not proven."""
    if solution.bound > tol:
        return 0.0
    return 2 * (solution.bound + mdp.expected.rounding(solution.value, gamma))

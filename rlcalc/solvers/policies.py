"""The policy of an answer: the requested one, or the best, which follows from the best values."""

from __future__ import annotations

from dataclasses import replace

from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.solvers.dispatch import Solution, find_solution
from rlcalc.solvers.request import SolveRequest, SolveSetup


def set_up(mdp: MDP, request: SolveRequest, gamma: float) -> SolveSetup:
    """Return the setup of a request, with the best values found where its policy needs them.

    Raises:
        InputError: the policy needs the best values, and there are none.
    """
    policy = request.policy
    if policy is None or isinstance(policy, Policy):
        return SolveSetup(mdp, request, gamma, policy)
    setup = SolveSetup(mdp, replace(request, bellman=None, method="auto"), gamma)
    best = find_solution(setup)
    policy = policy(mdp.expected, best.action_value, separation(setup, best))
    return SolveSetup(mdp, request, gamma, policy)


def greedy_policy(setup: SolveSetup, solution: Solution) -> Policy:
    """Return the policy that takes the best actions of a solution."""
    tolerance = separation(setup, solution)
    return Policy.greedy(setup.mdp.expected, solution.action_value, tolerance)


def separation(setup: SolveSetup, solution: Solution) -> float:
    """Return the difference below which action values tie; 0 where the bound is not proven."""
    if solution.bound > setup.request.accepted_bound:
        return 0.0
    return 2 * (solution.bound + setup.mdp.expected.rounding(solution.value, setup.gamma))

"""The policy whose visits and returns are computed, with its solution."""

from __future__ import annotations

from rlcalc.policy import Policy
from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.setup import SolveSetup


def chosen_policy(setup: SolveSetup) -> tuple[Policy, Solution]:
    """Return the policy of the request, else the best one, and its values."""
    solution = find_solution(setup)
    return setup.policy or setup.greedy_policy(solution), solution

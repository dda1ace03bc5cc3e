"""The policy: the one that is asked for, or the best, which follows from the answer."""

from __future__ import annotations

from dataclasses import replace

from rlcalc.errors import InputError, UsageError, shown
from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.solvers.dispatch import Solution, find_solution
from rlcalc.solvers.request import POLICIES, SolveRequest, parameter


def policy_to_evaluate(mdp: MDP, request: SolveRequest, gamma: float) -> Policy | None:
    """Return the policy that is to be evaluated; None is the best one.

    Raises:
        UsageError: no such policy.
        InputError: the model comes without a policy.
    """
    asked = request.policy
    if isinstance(asked, Policy):
        return asked
    kind, _, number = asked.partition(":")
    if asked == "optimal":
        return None
    if asked == "uniform":
        return Policy.uniform(mdp.expected)
    if asked == "spec":
        if mdp.policy is None:
            raise InputError(
                "the model comes without a policy", fix="say --policy uniform, or give a file"
            )
        return Policy(mdp.policy, "spec")
    if kind in ("epsilon", "softmax"):
        number_given = parameter(kind, number)
        best = find_solution(
            mdp, replace(request, policy="optimal", bellman=None, method="auto"), gamma, None
        )
        if kind == "softmax":
            return Policy.softmax(mdp.expected, best.action_value, number_given)
        tolerance = separation(mdp, best, gamma, request.wanted)
        return Policy.epsilon(mdp.expected, best.action_value, number_given, tolerance)
    raise UsageError(f"there is no policy {shown(asked)}", fix=POLICIES)


def policy_of(
    mdp: MDP, answer: Solution, gamma: float, policy: Policy | None, tol: float
) -> Policy:
    """Return the policy that was evaluated, or the one that is greedy for the best values."""
    if policy is not None:
        return policy
    tolerance = separation(mdp, answer, gamma, tol)
    return Policy.greedy(mdp.expected, answer.action_value, tolerance)


def separation(mdp: MDP, answer: Solution, gamma: float, tol: float) -> float:
    """Return how far action values must be apart to be told apart; 0 where nothing is proven."""
    if answer.bound > tol:
        return 0.0
    return 2 * (answer.bound + mdp.expected.rounding(answer.value, gamma))

"""Solve a model: from a request to a result with a proven bound.

`request` holds the options, `dispatch` finds the values, `report` makes the rows.
"""

from __future__ import annotations

import math
from dataclasses import replace
from importlib import import_module

import numpy as np

from rlcalc.errors import InputError, NotConverged
from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.result import Result
from rlcalc.solvers import report
from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.questions import QUESTIONS
from rlcalc.solvers.questions.costs import ROWS_OF_POLICY, with_costs, with_opposite_rewards
from rlcalc.solvers.request import LARGEST, TOLERANCE, SolveRequest, checked_gamma
from rlcalc.solvers.setup import SolveSetup


@np.errstate(all="ignore")  # values that are not finite are reported
def solve(mdp: MDP, request: SolveRequest) -> Result:
    """Return V, Q, A and π of the best policy, or of the one in the request.

    Rows are state-action pairs: π(a|s), Q(s,a), V(s), A(s,a) = Q(s,a) − V(s). `bound` is a number B
    with |v − V| ≤ B in every state, rounding included; as much holds for q.

    Args:
        mdp: the model.
        request: the options.

    Raises:
        InputError: the answer does not exist, or a reward is too large.
        UsageError: two options contradict each other, or one is out of its range.
    """
    gamma = checked_gamma(mdp, request)
    if request.minimise and request.question in (None, "proper", *ROWS_OF_POLICY):
        result = solve(with_opposite_rewards(mdp), replace(request, minimise=False))
        return with_costs(mdp, result)
    if mdp.expected.largest_reward > LARGEST:
        raise InputError(
            f"a reward is {mdp.expected.largest_reward:g}: the values would not be finite",
            fix=f"scale the rewards to at most {LARGEST:g}",
        )
    setup = make_setup(mdp, request, gamma)
    if request.question:
        return answer(setup, request.question)
    if request.horizon is not None:
        from rlcalc.solvers.methods import finite_horizon

        report.refuse_too_many_rows(mdp, request.states, request.horizon)
        layers = finite_horizon.solve(mdp.expected, setup.weight, gamma, request.horizon)
        return report.by_steps_to_go(setup, layers)
    solution = find_solution(setup)
    policy = setup.policy or setup.greedy_policy(solution)
    return (report.by_iteration if request.trace else report.by_pair)(setup, solution, policy)


def answer(setup: SolveSetup, question: str) -> Result:
    """Return the answer to a question of `rlcalc.solvers.questions`."""
    answered: Result = import_module(f"rlcalc.solvers.questions.{QUESTIONS[question]}").answer(
        setup
    )
    return answered


def make_setup(mdp: MDP, request: SolveRequest, gamma: float) -> SolveSetup:
    """Return the setup of a request, with the best values found where its policy needs them.

    Raises:
        InputError: the policy needs the best values, and there are none.
    """
    policy = request.policy
    if policy is None or isinstance(policy, Policy):
        return SolveSetup(mdp, request, gamma, policy)
    setup = SolveSetup(mdp, replace(request, bellman=None, method="auto"), gamma)
    best = find_solution(setup)
    policy = policy(mdp.expected, best.action_value, setup.separation(best))
    return SolveSetup(mdp, request, gamma, policy)


def require_solved(result: Result, tol: float | None) -> None:
    """Refuse an answer whose proven bound is above the largest acceptable one.

    Args:
        result: the answer.
        tol: the largest acceptable bound; None is the usual one.

    Raises:
        NotConverged: with the answer in `result`.
    """
    bound = result.facts["bound"]
    tol = TOLERANCE if tol is None else tol
    if isinstance(bound, float) and bound <= tol:
        return
    reached, accept = "there is no bound", ""
    if isinstance(bound, float) and np.isfinite(bound):
        reached = f"the best bound is {bound:.3g}"
        accept = f"--tol {_rounded_up_to_digit(bound)} accepts the values as printed; or "
    remedy = "allow more --max-iterations, or try another --method"
    if result.facts.get("gamma") == 1:
        remedy = (
            "use --gamma below 1, or --horizon N: with gamma = 1 rounding errors add up over very "
            "long cycles"
        )
    error_size = "|gain − g|" if "gain" in result.facts else "|v − V|"
    error = NotConverged(
        f"could not prove {error_size} ≤ {tol:g}: {reached} after {result.facts['iterations']} "
        "iterations",
        fix=f"{accept}{remedy}",
    )
    error.result = result
    raise error


def _rounded_up_to_digit(bound: float) -> str:
    """Return a number of one digit that is not below a bound.

    >>> _rounded_up_to_digit(5.49), _rounded_up_to_digit(2e-7), _rounded_up_to_digit(9.5e8)
    ('6', '2e-07', '1e+09')
    """
    unit = math.floor(math.log10(bound))
    return f"{float(f'{math.ceil(bound / 10.0**unit)}e{unit}'):g}"

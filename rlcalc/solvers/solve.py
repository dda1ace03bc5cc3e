"""Solve a model: from a request to a result with a proven bound.

`request` holds the options, `dispatch` finds the values, `report` makes the rows.
"""

from __future__ import annotations

import math
from collections import deque
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
from rlcalc.solvers.request import LARGEST, SolveRequest, checked_gamma
from rlcalc.solvers.setup import SolveSetup

COARSE = 1e-3
"""The error of quantiles and CVaR that is acceptable without --tol, relative to all gains."""


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
        NotConverged: the bound that was reached is above the acceptable one.
    """
    gamma = checked_gamma(mdp, request)
    if request.minimise and request.question in (None, "proper", *ROWS_OF_POLICY):
        try:
            result = solve(with_opposite_rewards(mdp), replace(request, minimise=False))
        except NotConverged as error:
            error.result = with_costs(mdp, error.result)
            raise
        return with_costs(mdp, result)
    if mdp.expected.largest_reward > LARGEST:
        raise InputError(
            f"a reward is {mdp.expected.largest_reward:g}: the values would not be finite",
            fix=f"scale the rewards to at most {LARGEST:g}",
        )
    setup = make_setup(mdp, request, gamma)
    if request.question:
        return solved(answer(setup, request.question), request)
    if request.horizon is not None:
        from rlcalc.solvers.methods import finite_horizon

        report.refuse_long_horizon(mdp, request)
        layers = finite_horizon.solve(mdp.expected, setup.weight, gamma, request.horizon)
        if request.last_only:
            layers = iter(deque(layers, maxlen=1))
        return solved(report.by_steps_to_go(setup, layers), request)
    solution = find_solution(setup)
    policy = setup.policy or setup.greedy_policy(solution)
    result = (report.by_iteration if request.trace else report.by_pair)(setup, solution, policy)
    require_solved(result, setup.accepted_bound(solution))
    return result


def solved(result: Result, request: SolveRequest) -> Result:
    """Return an answer whose bound is acceptable for the values that it shows.

    Raises:
        NotConverged: it is not.
    """
    require_solved(result, request.accepted_bound(largest_shown(result, "v", "mean", "d_state")))
    for name, tol in bounds_of_spread(result, request).items():
        require_bound(result, name, tol)
    return result


def bounds_of_spread(result: Result, request: SolveRequest) -> dict[str, float]:
    """Return the bounds on the spread of the return, and the largest acceptable ones.

    Without --tol, quantiles and CVaR may be off by a thousandth of the span of all gains.
    """
    span = result.facts.get("span")
    coarse = COARSE * span if request.tol is None and isinstance(span, float) else 0.0
    most = {
        "variance_bound": request.accepted_bound(largest_shown(result, "variance")),
        "start_variance_bound": request.accepted_bound(largest_shown(result, "variance")),
        "quantile_bound": max(coarse, request.accepted_bound(largest_shown(result, "quantile"))),
        "cvar_bound": max(coarse, request.accepted_bound(largest_shown(result, "cvar"))),
    }
    return {name: tol for name, tol in most.items() if name in result.facts}


def largest_shown(result: Result, *names: str) -> float:
    """Return the largest finite size of the numbers in some columns, where there are any."""
    largest = 0.0
    for values in (result[name] for name in names if name in result):
        finite = np.isfinite(values)
        low, high = (end(where=finite, initial=0.0) for end in (values.min, values.max))
        largest = max(largest, -float(low), float(high))
    return largest


def require_bound(result: Result, name: str, tol: float) -> None:
    """Refuse an answer with a fact, a proven bound, that is above the largest acceptable one.

    Raises:
        NotConverged: with the answer in `result`.
    """
    bound = result.facts[name]
    bound = bound if isinstance(bound, float) else np.inf
    if bound <= tol:
        return
    accept = f"--tol {_rounded_up_to_digit(bound)} accepts it; or " if np.isfinite(bound) else ""
    at_jump = ", or for a quantile at a jump a --level beside it" if name[0] == "q" else ""
    error = NotConverged(
        f"could not prove the {name.removesuffix('_bound').replace('_', ' ')} to {tol:g}: the "
        f"bound is {bound:.3g}",
        fix=f"{accept}use a smaller --gamma, --horizon N{at_jump}",
    )
    error.result = result
    raise error


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
    tie = setup.separation(best)
    policy = policy(mdp.expected, best.preference(tie, mdp.expected.pair_state), tie)
    return SolveSetup(mdp, request, gamma, policy)


def require_solved(result: Result, tol: float) -> None:
    """Refuse an answer whose proven bound is above the largest acceptable one.

    With average reward the values are the bias, which has a bound of its own.

    Args:
        result: the answer.
        tol: the largest acceptable bound.

    Raises:
        NotConverged: with the answer in `result`.
    """
    bounds = [result.facts[name] for name in ("bound", "bias_bound") if name in result.facts]
    bound = max((b if isinstance(b, float) else np.inf for b in bounds), default=np.inf)
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
    error_size = "|v − V|"
    if "bias_bound" in result.facts:
        error_size = "|gain − g| and |v − h|, of the bias,"
        remedy = "allow more --max-iterations"
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

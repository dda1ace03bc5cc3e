"""From a model and a request to the answer: a method finds it, a bound proves it, facts tell.

The request stands in `request`, the finding in `answer`, the policy in `policy_of`, and what is
told of it in `report`.
"""

from __future__ import annotations

import math

import numpy as np

from rlcalc.errors import InputError, NotConverged
from rlcalc.mdp import MDP
from rlcalc.result import Result
from rlcalc.solvers import report
from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.policies import greedy_policy, policy_to_evaluate
from rlcalc.solvers.request import LARGEST, TOLERANCE, SolveRequest, checked_gamma


@np.errstate(all="ignore")  # what is no number is found out, and told
def solve(mdp: MDP, request: SolveRequest) -> Result:
    """Return V, Q, A and π of a policy, the best one unless another is asked for.

    Rows are state-action pairs: π(a|s), Q(s,a), V(s), A(s,a) = Q(s,a) − V(s). `bound` is a number B
    with |v − V| ≤ B in every state, rounding included; as much holds for q.

    Args:
        mdp: the model.
        request: what is asked of it.

    Raises:
        InputError: the answer does not exist, or the model lacks what the request needs.
        UsageError: the request contradicts itself.
    """
    gamma = checked_gamma(mdp, request)
    if mdp.expected.largest_reward > LARGEST:
        raise InputError(
            f"a reward is as large as {mdp.expected.largest_reward:g}: values would be no numbers",
            fix=f"rewards up to {LARGEST:g} can be added up; scale them",
        )
    policy = policy_to_evaluate(mdp, request, gamma)
    if request.horizon is not None:
        from rlcalc.solvers.methods import finite_horizon

        weight = None if policy is None else policy.weight
        report.refuse_too_many(mdp, request.states, request.horizon)
        layers = finite_horizon.solve(mdp.expected, weight, gamma, request.horizon)
        return report.by_steps_to_go(mdp, request, gamma, policy, layers)
    answer = find_solution(mdp, request, gamma, policy)
    policy = policy or greedy_policy(mdp, answer, gamma, request.wanted)
    if request.trace:
        return report.by_iteration(answer, gamma, policy)
    return report.by_pair(mdp, request, answer, gamma, policy)


def require_bound(result: Result, tol: float | None) -> None:
    """Refuse an answer whose proven bound is above the one that is wanted.

    Args:
        result: the answer.
        tol: the bound; None is the usual one.

    Raises:
        NotConverged: with the answer in `result`.
    """
    bound = result.facts["bound"]
    tol = TOLERANCE if tol is None else tol
    if isinstance(bound, float) and bound <= tol:
        return
    reached, accept = "nothing", ""
    if isinstance(bound, float) and np.isfinite(bound):
        reached = f"{bound:.3g}"
        accept = f"--tol {_above(bound)} accepts the values as printed; or "
    rest = "allow more --max-iterations, or try another --method"
    if result.facts.get("gamma") == 1:
        rest = (
            "say a --gamma below 1, or --horizon N: with gamma = 1, rounding counts once for each "
            "of the steps that one can go round before it shows in the reward"
        )
    what = "|gain − g|" if "gain" in result.facts else "|v − V|"
    error = NotConverged(
        f"wanted {what} ≤ {tol:g}; proven is {reached}, after {result.facts['iterations']} "
        "iterations",
        fix=f"{accept}{rest}",
    )
    error.result = result
    raise error


def _above(bound: float) -> str:
    """Return a number of one digit that is not below a bound.

    >>> _above(5.49), _above(2e-7), _above(9.5e8)
    ('6', '2e-07', '1e+09')
    """
    unit = math.floor(math.log10(bound))
    return f"{float(f'{math.ceil(bound / 10.0**unit)}e{unit}'):g}"

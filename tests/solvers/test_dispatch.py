"""Dispatch: values by hand, the method that was taken, and bounds that hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.request import SolveRequest
from rlcalc.solvers.setup import SolveSetup
from tests.solvers.models import best_of_all_policies, mdp_of, models

CHOICE = mdp_of({(0, 0): [(0, 1.0, 1.0)], (0, 1): [(0, 1.0, 2.0)]}, 1)
"""One state; staying earns 1 or 2."""


def test_a_policy_is_solved_as_a_linear_system_and_its_q_has_every_action() -> None:
    """The uniform policy earns 3/2 a step: V = 3, Q = 1 + 3/2 and 2 + 3/2."""
    setup = SolveSetup(CHOICE, SolveRequest(), 0.5, Policy.uniform(CHOICE.expected))
    solution = find_solution(setup)

    assert solution.method == "linear"
    assert solution.value.tolist() == [3]
    assert solution.action_value.tolist() == [2.5, 3.5]


@given(models(), st.sampled_from([0.3, 0.9]), st.sampled_from(["auto", "value-iteration"]))
def test_the_bound_holds(mdp: MDP, gamma: float, method: str) -> None:
    solution = find_solution(SolveSetup(mdp, SolveRequest(method=method), gamma))
    off = np.abs(solution.value - best_of_all_policies(mdp, gamma)).max()

    assert solution.bound <= 1e-6
    assert off <= solution.bound + 1e-11


def test_the_average_is_the_gain_and_no_discount() -> None:
    setup = SolveSetup(CHOICE, SolveRequest(criterion="average"), 1.0)
    solution = find_solution(setup)

    assert solution.facts["gain"] == pytest.approx(2)
    assert solution.action_value[1] - solution.action_value[0] == pytest.approx(1)

"""The interface of the methods: what counts as a problem without choice."""

import numpy as np
from hypothesis import given

from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.solvers.problem import Problem
from tests.solvers.models import mdp_of, models


@given(models())
def test_what_a_policy_induces_has_no_choice(mdp: MDP) -> None:
    induced = mdp.expected.induced_by(Policy.uniform(mdp.expected).weight)

    assert Problem(induced, 0.9, 1e-6, 10).is_policy


def test_one_state_with_two_actions_is_a_choice() -> None:
    mdp = mdp_of({(0, 0): [(1, 1.0, 0.0)], (1, 0): [(0, 1.0, 0.0)], (1, 1): [(1, 1.0, 0.0)]}, 2)
    model = mdp.expected

    assert not Problem(model, 0.9, 1e-6, 10).is_policy
    assert Problem(model.only(np.array([0, 2])), 0.9, 1e-6, 10).is_policy


def test_problems_do_not_share_a_trace() -> None:
    model = mdp_of({(0, 0): [(0, 1.0, 0.0)]}, 1).expected

    assert Problem(model, 0.9, 1e-6, 10).trace is not Problem(model, 0.9, 1e-6, 10).trace

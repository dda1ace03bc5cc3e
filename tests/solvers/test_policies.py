"""The policy of an answer: as requested, or from the best values with ties as far as proven."""

from dataclasses import replace

import numpy as np

from rlcalc.policy import Policy
from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.policies import greedy_policy, separation, set_up
from rlcalc.solvers.request import SolveRequest, SolveSetup
from tests.solvers.models import mdp_of

CHOICE = mdp_of({(0, 0): [(0, 1.0, 1.0)], (0, 1): [(0, 1.0, 2.0)]}, 1)
"""One state; staying earns 1 or 2: with gamma = 1/2, Q is 1 + 4/2 = 3 and 2 + 4/2 = 4."""


def test_a_rule_is_given_the_best_action_values() -> None:
    request = SolveRequest(lambda model, q, tolerance: Policy(q / q.sum(), "by-value"))
    setup = set_up(CHOICE, request, 0.5)

    assert setup.policy is not None
    np.testing.assert_allclose(setup.policy.weight, [3 / 7, 4 / 7])


def test_a_proven_bound_ties_what_it_cannot_tell_apart_and_no_other_does() -> None:
    """Values within B each leave 2 B between them; a bound beyond --tol says nothing."""
    setup = SolveSetup(CHOICE, SolveRequest(tol=1.0), 0.5)
    solution = find_solution(setup)
    loose = replace(solution, bound=0.6)
    unproven = replace(solution, bound=1.5)

    assert greedy_policy(setup, solution).weight.tolist() == [0, 1]
    assert greedy_policy(setup, loose).weight.tolist() == [0.5, 0.5]
    assert greedy_policy(setup, unproven).weight.tolist() == [0, 1]
    assert separation(setup, unproven) == 0

"""The setup of solve: the bound to aim at, and the best actions up to a bound."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.request import SolveRequest
from rlcalc.solvers.setup import SolveSetup
from tests.solvers.test_request import one_state
from tests.solvers.test_solve import CHOICE


def test_a_proven_bound_ties_what_it_cannot_tell_apart_and_no_other_does() -> None:
    """Values within B each leave 2 B between them; a bound beyond --tol says nothing."""
    setup = SolveSetup(CHOICE, SolveRequest(tol=1.0), 0.5)
    solution = find_solution(setup)
    loose = replace(solution, bound=0.6)
    unproven = replace(solution, bound=1.5)

    assert setup.greedy_policy(solution).weight.tolist() == [0, 1]
    assert setup.greedy_policy(loose).weight.tolist() == [0.5, 0.5]
    assert setup.greedy_policy(unproven).weight.tolist() == [0, 1]
    assert setup.separation(unproven) == 0


@pytest.mark.parametrize(
    ("reward", "tol", "target"), [(0.01, None, 1e-8), (50.0, None, 1e-6), (0.01, 1e-3, 1e-3)]
)
def test_only_small_rewards_make_the_usual_bound_smaller(
    reward: float, tol: float | None, target: float
) -> None:
    setup = SolveSetup(one_state(reward), SolveRequest(tol=tol), 0.9)

    assert setup.target_bound == pytest.approx(target)

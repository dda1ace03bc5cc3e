"""Pockets: a part of a model solved with the rest held still, and maps on which that pays."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rlcalc
from rlcalc.mdp import MDP
from rlcalc.solvers.methods import krylov, local_krylov
from rlcalc.solvers.problem import Problem
from tests.solvers.models import best_of_all_policies, models, slippery_lake


def test_a_part_on_paper() -> None:
    """The second of two states is held at 6: so the first is worth v = 1 + (v + 6)/2 = 8."""
    mdp = MDP.from_rows(
        [0, 0, 1], [0, 0, 0], [1, 0, 2], [0.5, 0.5, 1.0], [1.0, 1.0, 9.0],
        rlcalc.Labels(["here", "there", "end"]), rlcalc.Labels(["go"]),
    )  # fmt: skip
    value = np.array([0.0, 6.0, 0.0])
    problem = Problem(mdp.expected, 1.0, 1e-12, 100)
    local_krylov.solve_region(problem, np.array([True, False, False]), value, 1e-12)

    assert value == pytest.approx([8, 6, 0])


@given(models(), st.floats(0, 0.95), st.integers(0, 31))
def test_a_part_beside_the_right_values_gets_the_right_ones(
    mdp: MDP, gamma: float, which: int
) -> None:
    best = best_of_all_policies(mdp, gamma)
    inside = np.array([which >> s & 1 > 0 for s in range(mdp.n_states)]) & ~mdp.expected.terminal
    assume(inside.any())
    value = np.where(inside, 0.0, best)
    for _ in range(20):  # each with a few policies
        local_krylov.solve_region(Problem(mdp.expected, gamma, 1e-9, 100), inside, value, 1e-10)

    np.testing.assert_allclose(value, best, atol=1e-7)


@pytest.mark.parametrize("gamma", [0.99999, 1.0])
def test_pockets_are_found_and_solved(gamma: float) -> None:
    """On this lake one can stay between holes for long; beside plain Krylov evaluation."""
    model = slippery_lake(60, seed=1, corridor=False).expected
    tol = 1e-9 if gamma == 1 else 1e-6
    found, method = local_krylov.solve_by_local_krylov(Problem(model, gamma, tol, 1000), 400)
    other = krylov.solve(Problem(model, gamma, tol, 1000, found.value))

    assert method == "krylov"
    np.testing.assert_allclose(found.value, other.value, atol=3e-6)


def test_values_above_the_limit_end_the_search() -> None:
    """On a path of 5,000 steps each is worth 1 more: far less than all of it is backed up."""
    n = 5_000
    state = np.arange(1, n)
    model = MDP.from_rows(state, state * 0, state - 1, state**0, state**0).expected
    found, _ = local_krylov.solve_by_local_krylov(Problem(model, 1.0, 1e-9, 1000), 400, limit=100.0)

    assert found.value.max() > 100

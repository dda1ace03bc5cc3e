"""Topological iteration: on paper, against other methods, and what it leaves to them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.solvers.methods import topological
from rlcalc.solvers.methods.bellman_sweeps import Arrays
from rlcalc.solvers.problem import Problem
from tests.solvers.models import chained_components, mdp_of, models


def test_on_paper() -> None:
    """Two states that exchange places, then a step for 8: V = 1 + γ·1 + ... is not the best."""
    mdp = mdp_of(
        {(0, 0): [(1, 1.0, 1.0)], (1, 0): [(0, 1.0, 1.0)], (1, 1): [(2, 1.0, 8.0)]}, n_states=3
    )
    iterate = topological.solve(Problem(mdp.expected, 0.5, 1e-9, 10))

    assert iterate.value.tolist() == [5.0, 8.0, 0.0]
    assert iterate.iterations == 1
    assert topological.all_components(mdp.expected).tolist() == [1, 1, 0]


@given(models(), st.sampled_from([0.0, 0.5, 0.9, 0.99]))
def test_one_pass_is_the_fixed_point(mdp: rlcalc.MDP, gamma: float) -> None:
    """V = max_a [r + γ P V] in every state, after one pass over the components."""
    model = mdp.expected
    iterate = topological.solve(Problem(model, gamma, 1e-9, 100))
    again = model.best(model.action_value(iterate.value, gamma))

    assert iterate.iterations == 1
    np.testing.assert_allclose(again, iterate.value, atol=1e-10)


@pytest.mark.parametrize("sizes", [[1] * 3000, [3, 64, 65, 10] * 20, [400, 1, 400]])
@pytest.mark.parametrize(("gamma", "ends"), [(0.99, False), (0.9999, True), (1.0, True)])
def test_components_of_all_sizes(sizes: list[int], gamma: float, ends: bool) -> None:
    mdp = chained_components(np.random.default_rng(len(sizes)), sizes, ends=ends)
    result = rlcalc.solve(mdp, gamma=gamma, method="topological")
    other = rlcalc.solve(mdp, gamma=gamma, method="krylov")

    assert result.facts["method"] == "topological"
    assert np.abs(result["v"] - other["v"]).max() <= result.facts["bound"] + other.facts["bound"]


def test_small_components_are_solved_compiled_as_in_plain_python() -> None:
    mdp = chained_components(np.random.default_rng(5), [7, 1, 30])
    number = topological.all_components(mdp.expected)
    start = np.append(0, np.cumsum(np.bincount(number)))
    states = np.argsort(number, kind="stable")
    values = []
    for loop in (topological.solve_small_components.plain, None):
        run = loop or topological.solve_small_components.compiled
        value, place = np.zeros(mdp.n_states), np.zeros(mdp.n_states, np.int32)
        run(Arrays.of(mdp.expected), 0.9, states, start, number, place, value)
        values.append(value)

    np.testing.assert_array_equal(*values)

"""The automatic choice: random models mix, maps do not, and chains of components have an order."""

import numpy as np
import pytest

import rlcalc
from rlcalc.mdp import MDP
from tests.solvers.models import chained_components, random_model, slippery_lake


@pytest.mark.parametrize(
    ("mdp", "method"),
    [
        (random_model(np.random.default_rng(5), 3000), "modified-policy-iteration"),
        (slippery_lake(120), "gauss-seidel"),
        (chained_components(np.random.default_rng(7), [10] * 300), "topological"),
        (chained_components(np.random.default_rng(8), [1] * 4000), "topological"),
        (chained_components(np.random.default_rng(9), [200] * 20), "topological"),
    ],
    ids=["mixes", "map", "components", "stages", "large components"],
)
def test_auto_finds_out_what_a_large_model_wants(mdp: MDP, method: str) -> None:
    result = rlcalc.solve(mdp, gamma=0.99)

    assert result.facts["method"] == method
    assert result.facts["bound"] <= 1e-6


def test_many_actions_are_solved_by_compiled_loops() -> None:
    result = rlcalc.solve(random_model(np.random.default_rng(3), 600, 600), gamma=0.99)

    assert result.facts["method"] in ("modified-policy-iteration", "krylov")
    assert result.facts["bound"] <= 1e-6


def test_components_without_a_policy_that_ends_are_left_to_sweeps() -> None:
    """With gamma = 1 the first policy of a component may go round: its equations are singular."""
    rng = np.random.default_rng(4)
    mdp = chained_components(rng, [5] * 400, ends=True)
    result, other = (rlcalc.solve(mdp, gamma=1.0, method=name) for name in ("auto", "krylov"))

    assert np.abs(result["v"] - other["v"]).max() <= result.facts["bound"] + other.facts["bound"]

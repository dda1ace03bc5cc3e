"""The automatic choice: random models mix, and maps do not."""

import numpy as np
import pytest

import rlcalc
from rlcalc.mdp import MDP
from rlcalc.solvers.methods import automatic
from rlcalc.solvers.methods.bellman_sweeps import Arrays
from tests.solvers.models import random_model, slippery_lake


@pytest.mark.parametrize(
    ("mdp", "method"),
    [
        (random_model(np.random.default_rng(5), 3000), "modified-policy-iteration"),
        (slippery_lake(120), "gauss-seidel"),
    ],
    ids=["mixes", "map"],
)
def test_auto_finds_out_what_a_large_model_wants(mdp: MDP, method: str) -> None:
    result = rlcalc.solve(mdp, gamma=0.99)

    assert result.facts["method"] == method
    assert result.facts["bound"] <= 1e-6


def test_maps_do_not_spread_and_random_models_do() -> None:
    assert not automatic.spreads_fast(Arrays.of(slippery_lake(60).expected))
    assert automatic.spreads_fast(Arrays.of(random_model(np.random.default_rng(6), 3000).expected))

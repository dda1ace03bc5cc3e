"""What a sample of the graph tells: how fast it spreads, and whether steps come back."""

import numpy as np
import pytest

from rlcalc.mdp import MDP
from rlcalc.solvers.methods.bellman_sweeps import Arrays
from rlcalc.solvers.methods.graph_shape import count_returns, seldom_returns, spreads_fast
from tests.solvers.models import chained_components, random_model, slippery_lake


def test_maps_do_not_spread_and_random_models_do() -> None:
    assert not spreads_fast(Arrays.of(slippery_lake(60).expected))
    assert spreads_fast(Arrays.of(random_model(np.random.default_rng(6), 3000).expected))


@pytest.mark.parametrize(
    ("mdp", "seldom"),
    [
        (slippery_lake(60), False),
        (random_model(np.random.default_rng(1), 2000), False),
        (chained_components(np.random.default_rng(2), [10] * 200), True),
        (chained_components(np.random.default_rng(3), [1] * 1000), True),
    ],
    ids=["map", "random", "components", "stages"],
)
def test_steps_of_stages_seldom_come_back(mdp: MDP, seldom: bool) -> None:
    assert seldom_returns(mdp.expected) is seldom


def test_returns_are_counted_compiled_as_in_plain_python() -> None:
    mdp = chained_components(np.random.default_rng(5), [7] * 50)
    arrays = Arrays.of(mdp.expected)
    counts = [
        loop(arrays, np.zeros(mdp.n_states, np.int32))
        for loop in (count_returns.plain, count_returns.compiled)
    ]

    assert counts[0] == counts[1]
    assert 0 < counts[0][1] < counts[0][0]

"""Super-solutions: bounds that hold, on small models and on maps."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rlcalc
from rlcalc.mdp import MDP
from rlcalc.solvers.stops import ending_policy, never_ending, with_stops
from rlcalc.solvers.super_solution import prove
from tests.solvers.models import best_total_of_all_policies, models, open_map, slippery_lake


def test_the_proof_on_paper() -> None:
    """One step for −1 ends: v = −1 and w = 1. The other action comes back half of the time."""
    mdp = MDP.from_rows(
        [0, 0, 0], [0, 1, 1], [1, 0, 1], [1.0, 0.5, 0.5], [-1.0] * 3,
        rlcalc.Labels(["here", "end"]), rlcalc.Labels(["go", "stroll"]),
    )  # fmt: skip
    proof = prove(mdp.expected, np.array([-0.9, 0.0]))

    assert proof.value.tolist() == [-1, 0]
    assert proof.bound < 1e-13


@given(models(), st.floats(0, 1e-3), st.integers(0, 99))
def test_the_bound_holds(mdp: MDP, off: float, seed: int) -> None:
    best = best_total_of_all_policies(mdp)
    assume(np.isfinite(best).all())
    stopping = with_stops(mdp.expected)
    small = stopping.model
    try:
        ending_policy(small, list)
    except rlcalc.InputError:
        assume(False)
    near = stopping.gather(best + off * np.random.default_rng(seed).normal(size=len(best)))
    near[small.terminal] = 0
    greedy = small.greedy(small.action_value(near, 1.0))
    assume(not len(never_ending(small.only(greedy))))
    proof = prove(small, near)

    assert np.abs(stopping.spread(proof.value) - best).max() <= proof.bound


MAPS = {"grid": open_map(70), "lake": slippery_lake(60, seed=1, corridor=False)}


@pytest.mark.parametrize("mdp", MAPS.values(), ids=MAPS)
def test_maps_are_proven(mdp: MDP) -> None:
    result = rlcalc.solve(mdp, gamma=1.0, method="gauss-seidel")
    other = rlcalc.solve(mdp, gamma=1.0, method="policy-iteration")

    assert result.facts["bound"] <= 1e-6
    np.testing.assert_allclose(result["v"], other["v"], rtol=0, atol=2e-6)

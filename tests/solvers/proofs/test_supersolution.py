"""Super-solutions: bounds that hold, on small models and on maps."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rlcalc
from rlcalc.graph.mec_quotient import quotient_of
from rlcalc.graph.reachability import never_ending, policy_reaching_end
from rlcalc.mdp import MDP
from rlcalc.solvers import dispatch
from rlcalc.solvers.proofs.supersolution import prove
from tests.solvers.models import best_total_of_all_policies, models, open_map, slippery_lake


def test_the_proof_on_paper() -> None:
    """One step for −1 ends: v = −1 and w = 1. The other action comes back half of the time."""
    mdp = MDP.from_rows(
        [0, 0, 0], [0, 1, 1], [1, 0, 1], [1.0, 0.5, 0.5], [-1.0] * 3,
        rlcalc.Labels(["here", "end"]), rlcalc.Labels(["go", "stroll"]),
    )  # fmt: skip
    value, bound = prove(mdp.expected, np.array([-0.9, 0.0]), 1e-9)

    assert abs(value[0] + 1) <= bound <= 1e-9


@given(models(), st.floats(0, 1e-3), st.integers(0, 99))
def test_the_bound_holds(mdp: MDP, off: float, seed: int) -> None:
    best = best_total_of_all_policies(mdp)
    assume(np.isfinite(best).all())
    stopping = quotient_of(mdp.expected)
    small = stopping.model
    try:
        policy_reaching_end(small, list)
    except rlcalc.InputError:
        assume(False)
    near = stopping.gather(best + off * np.random.default_rng(seed).normal(size=len(best)))
    near[small.terminal] = 0
    greedy = small.greedy(small.action_value(near, 1.0))
    assume(not len(never_ending(small.only(greedy))))
    value, bound = prove(small, near, 1e-9)

    assert np.abs(stopping.spread(value) - best).max() <= bound


@pytest.mark.parametrize("n", [14, 20])
def test_going_round_for_very_long_is_proven_too(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one dodges holes for 10^9 steps and more, beside the answer in fractions."""
    mdp = slippery_lake(n)
    monkeypatch.setattr(dispatch, "TINY", 1 << 13)
    exact = rlcalc.solve(mdp, gamma=1.0)
    monkeypatch.setattr(dispatch, "TINY", 0)
    monkeypatch.setattr(dispatch, "EXACT", 0)
    result = rlcalc.solve(mdp, gamma=1.0)

    assert exact.facts["bound"] < 1e-14
    assert result.facts["bound"] <= 1e-6
    assert np.abs(result["v"] - exact["v"]).max() <= result.facts["bound"] + 1e-14


MAPS = {
    "grid": open_map(70),
    "lake": slippery_lake(60, seed=1, corridor=False),
    "lake with a long way round": slippery_lake(45),
}


@pytest.mark.parametrize("mdp", MAPS.values(), ids=MAPS)
def test_maps_are_proven(mdp: MDP) -> None:
    result = rlcalc.solve(mdp, gamma=1.0, method="gauss-seidel")
    other = rlcalc.solve(mdp, gamma=1.0, method="policy-iteration")

    assert result.facts["bound"] <= 1e-6
    np.testing.assert_allclose(result["v"], other["v"], rtol=0, atol=2e-6)

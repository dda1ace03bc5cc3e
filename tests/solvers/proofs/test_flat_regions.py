"""Flat regions: what wandering for nothing hides is proven, and the bound holds."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rlcalc
from rlcalc.graph.mec_quotient import quotient_of
from rlcalc.graph.reachability import never_ending, policy_reaching_end
from rlcalc.mdp import MDP
from rlcalc.solvers import dispatch
from rlcalc.solvers.proofs.flat_regions import (
    flat_pairs,
    prove_by_regions,
    quotient_by_regions,
    short_policy,
)
from rlcalc.solvers.proofs.supersolution import prove_by_residuals
from tests.solvers.models import best_total_of_all_policies, models, slippery_lake

WANDER = MDP.from_rows(
    [0, 0, 1, 1, 1], [0, 0, 0, 0, 1], [0, 1, 0, 2, 2], [0.5, 0.5, 0.5, 0.5, 1.0],
    [0.0, 0.0, 0.0, 1.0, 1.0],
)  # fmt: skip
"""Two states in which nothing is lost; from the second one ends for 1, surely or by half."""


def test_regions_on_paper() -> None:
    model, value = WANDER.expected, np.array([1.0, 1.0, 0.0])
    flat = flat_pairs(model, value, 1e-9)
    region, quotient = quotient_by_regions(model, flat)

    assert flat.tolist() == [True, False, False]
    assert region[0] == region[1] != region[2]
    assert quotient.n_states == 2
    assert quotient.reward.tolist() == [0.5, 1.0]
    assert short_policy(model, value, 1e-9).tolist() == [0, 2, -1]
    proven, bound = prove_by_regions(model, value, 1e-9, prove_by_residuals)
    assert np.abs(proven - value).max() <= bound <= 1e-9


@given(models(), st.sampled_from([1e-12, 1e-7, 1e-2]), st.integers(0, 99))
def test_the_bound_of_regions_holds(mdp: MDP, goal: float, seed: int) -> None:
    """Whatever values it begins with: they only decide how near the bound is."""
    best = best_total_of_all_policies(mdp)
    assume(np.isfinite(best).all())
    stopping = quotient_of(mdp.expected)
    small = stopping.model
    try:
        policy_reaching_end(small, list)
    except rlcalc.InputError:
        assume(False)
    off = goal * np.random.default_rng(seed).normal(size=small.n_states) * (seed % 3)
    near = np.where(small.terminal, 0.0, stopping.gather(best) + off)
    greedy = small.greedy(small.action_value(near, 1.0))
    assume(not len(never_ending(small.only(greedy))))
    value, bound = prove_by_regions(small, near, goal, prove_by_residuals)

    assert np.abs(stopping.spread(value) - best).max() <= bound


@pytest.mark.parametrize("n", [22, 25])
@pytest.mark.parametrize("seed", [0, 1])
def test_lakes_agree_with_fractions(n: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    mdp = slippery_lake(n, seed)
    result = rlcalc.solve(mdp, gamma=1.0)
    assert result.facts["bound"] <= 1e-6
    monkeypatch.setattr(dispatch, "TINY", 1 << 13)
    if mdp.expected.n_outcomes <= 1 << 13:
        exact = rlcalc.solve(mdp, gamma=1.0)
        worst = np.abs(result["v"] - exact["v"]).max()
        assert worst <= result.facts["bound"] + exact.facts["bound"]

"""Distributions of the gain: against every trajectory in fractions, and against simulation."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.numerics.fractions import fraction
from rlcalc.solvers.returns import atoms, enumeration, find
from tests.solvers.models import mdp_of, models
from tests.solvers.trajectories_of import gains_of, quantile_of, worst_mean

LEVELS = [0.05, 0.25, 0.5, 0.9, 1.0]


def rows_of(result: rlcalc.Result, state: int) -> list[dict[str, Any]]:
    return [row for row in result.rows() if str(row["state"]) == str(state)]


@given(models(), st.sampled_from([0.0, 0.9, 1.0]), st.integers(1, 3))
@pytest.mark.parametrize("by", ["enumeration", "atoms", "lattice"])
def test_tails_are_those_of_all_trajectories(
    by: str, mdp: rlcalc.MDP, gamma: float, steps: int
) -> None:
    """A tie of a level and a chance is decided in fractions; on a lattice it is in the limits."""
    policy: Any = rlcalc.Policy.uniform(mdp.expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enumeration, "MOST_ADDED", 10_000 if by == "enumeration" else 0)
        patch.setattr(atoms, "MOST_ATOMS", 0 if by == "lattice" else 4096)
        result = answered(
            mdp, gamma=gamma, policy=policy, rows="return", steps_to_go=steps, level=LEVELS
        )

    for s in range(mdp.n_states):
        chances = gains_of(mdp, policy.weight, gamma, steps, s)
        for row in rows_of(result, s):
            level = fraction(row["level"])
            q, mean = quantile_of(chances, level), worst_mean(chances, level)
            assert Fraction(row["quantile_low"]) <= q <= Fraction(row["quantile_high"])
            assert Fraction(row["cvar_low"]) <= mean <= Fraction(row["cvar_high"])
            if by == "enumeration":
                assert (row["quantile"], row["cvar"]) == (float(q), float(mean))


def answered(*source: Any, **options: Any) -> rlcalc.Result:
    """The answer of a coarse lattice, whether its bounds are acceptable or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(find, "FINE", 1e-2)
        try:
            return rlcalc.solve(*source, **options)
        except rlcalc.NotConverged as error:
            result: rlcalc.Result = error.result
            return result


@settings(max_examples=15)
@given(models(), st.sampled_from([0.3, 0.8]))
def test_without_end_tails_hold_those_of_a_long_horizon(mdp: rlcalc.MDP, gamma: float) -> None:
    """The two go different ways: around V with an infinite horizon, around 0 with a finite one."""
    options: Any = {"gamma": gamma, "policy": "uniform", "rows": "return", "level": [0.1, 0.6]}
    endless = answered(mdp, **options)
    steps = 20
    finite = answered(mdp, **options, steps_to_go=steps)
    rest = gamma**steps * 4 / (1 - gamma)

    for name in ("quantile", "cvar"):
        assert (endless[f"{name}_low"] <= finite[f"{name}_high"] + rest).all()
        assert (finite[f"{name}_low"] <= endless[f"{name}_high"] + rest).all()
    np.testing.assert_allclose(endless["cvar"], finite["cvar"], atol=0.04 * 8 / (1 - gamma))


@settings(max_examples=25)
@given(models(), st.sampled_from([0.5, 0.9]))
def test_the_worst_of_all_gains_have_the_mean_and_the_rest_is_ordered(
    mdp: rlcalc.MDP, gamma: float
) -> None:
    """CVaR at 1 is the mean; CVaR ≤ quantile; both rise with the level."""
    result = answered(mdp, gamma=gamma, policy="uniform", rows="return", level=LEVELS)
    slack = result.facts["cvar_bound"] + 1e-9  # type: ignore[operator]
    for s in range(mdp.n_states):
        rows = rows_of(result, s)
        assert abs(rows[-1]["cvar"] - rows[-1]["mean"]) <= slack
        for row, after in pairwise(rows):
            assert row["cvar"] <= row["quantile"]
            assert row["quantile"] <= after["quantile"]
            assert row["cvar"] <= after["cvar"] + 1e-12


def test_a_geometric_game_has_the_quantiles_in_closed_form() -> None:
    """P(N > n) = q^n steps of cost 1: the quantile of −N at level q^n is −n, between the jumps."""
    mdp = mdp_of({(0, 0): [(0, 0.75, -1.0), (1, 0.25, -1.0)]}, 2)
    levels = [0.75**n * 0.9 for n in range(1, 9)]
    result = rlcalc.solve(mdp, gamma=1.0, rows="return", level=levels, states=["0"])

    assert result["quantile"].tolist() == [-float(n + 1) for n in range(1, 9)]
    assert result.facts["quantile_bound"] == 0.0


def test_simulated_gains_have_the_tails() -> None:
    """The mean of the worst tenth of 20,000 gains, within five of its standard errors."""
    options: Any = {"policy": "uniform", "gamma": 0.9}
    result = rlcalc.solve("recycling-robot", rows="return", level=0.1, start_only=True, **options)
    runs = rlcalc.simulate("recycling-robot", 20_000, max_steps=150, seed=1, **options)
    gain = np.sort(rlcalc.gain(runs, gamma=0.9, rows="episodes")["gain"])
    worst = gain[: len(gain) // 10]

    assert worst.mean() == pytest.approx(result["cvar"][0], abs=5 * worst.std() / 2000**0.5 + 0.05)
    assert (gain <= result["quantile"][0]).mean() == pytest.approx(0.1, abs=5 * 0.3 / 20_000**0.5)


def test_a_random_start_mixes_the_states() -> None:
    from dataclasses import replace

    mdp = mdp_of({(0, 0): [(2, 1.0, 1.0)], (1, 0): [(2, 1.0, 5.0)]}, 3)
    mixed = replace(mdp, start=np.array([0.25, 0.75, 0.0]))
    result: Any = rlcalc.solve(mixed, gamma=1.0, rows="return", level=[0.25, 0.5])

    assert result.facts["start_quantile"] == {"0.25": 1.0, "0.5": 5.0}
    assert result.facts["start_cvar"] == {"0.25": 1.0, "0.5": 3.0}


def test_too_many_gains_are_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "MOST_WORK", 1e3)
    with pytest.raises(InputError, match=r"too many different values[\s\S]*rlcalc simulate"):
        rlcalc.solve("gridworld-5x5", policy="uniform", rows="return", level=0.05)


def test_costs_have_the_highest_as_the_worst() -> None:
    """A cost of 1 or 9: the worst tenth costs 9."""
    mdp = mdp_of({(0, 0): [(1, 0.5, 1.0), (1, 0.5, 9.0)]}, 2)
    result = rlcalc.solve(
        mdp, gamma=1.0, rows="return", level=[0.1, 0.75], minimise=True, states=["0"]
    )

    assert result["quantile"].tolist() == [9.0, 1.0]
    assert result["cvar"].tolist() == [9.0, pytest.approx((0.5 * 9 + 0.25) / 0.75)]
    assert (result["cvar_low"] <= result["cvar_high"]).all()

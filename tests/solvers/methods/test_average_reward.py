"""Gain and bias: against exact fractions, and bounds that hold at every step."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

import rlcalc
from tests.solvers.exact_average import gain_and_bias, uniform
from tests.solvers.models import by_state, mdp_of, models


@given(models())
def test_gain_and_bias_are_as_near_as_their_bounds_say(mdp: rlcalc.MDP) -> None:
    result = rlcalc.solve(mdp, policy="uniform", criterion="average")
    gain, bias = gain_and_bias(mdp, uniform(mdp))
    off = [abs(Fraction(v) - h) for v, h in zip(by_state(mdp, result), bias, strict=True)]
    apart = [abs(Fraction(v) - g) for v, g in zip(by_state(mdp, result, "gain"), gain, strict=True)]

    assert max(apart) <= Fraction(result.facts["bound"])
    assert max(off) <= Fraction(result.facts["bias_bound"])
    assert result.facts["bias_bound"] < 1e-9 * max(1.0, abs(result["v"]).max())


def test_the_bias_of_a_ladder_is_known_to_nine_digits() -> None:
    """An eighth leads up, the rest to the ground: 8 + 8² + 8³ + 8⁴ = 4,680 steps for 4 each.

    So bounds of models as small as those above cannot be below 1e-8: floats hold 3e-12 of this.
    """
    ladder = {(s, 0): [(s + 1, 1 / 8, 4.0), (0, 7 / 8, 4.0)] for s in range(4)}
    result = rlcalc.solve(mdp_of({**ladder, (4, 0): [(4, 1.0, 0.0)]}, 5), criterion="average")

    assert abs(result["v"][0] - 4 * 4680) <= result.facts["bias_bound"] < 1e-9 * 4 * 4680
    assert result.facts["bias_bound"] > 1e-8


def test_the_bound_on_the_bias_does_not_depend_on_the_order_of_the_states() -> None:
    """It grows with the steps until a state is met again; the top of a ladder is met rarely."""

    def ladder(rungs: list[int]) -> rlcalc.MDP:
        bottom = rungs[0]
        up = zip(rungs, [*rungs[1:], bottom], strict=True)
        return mdp_of({(s, 0): [(t, 1 / 8, 4.0), (bottom, 7 / 8, -4.0)] for s, t in up}, 5)

    bounds = [
        rlcalc.solve(ladder(rungs), criterion="average").facts["bias_bound"]
        for rungs in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0])
    ]

    assert bounds[0] == pytest.approx(bounds[1], rel=0.5)
    assert max(bounds) < 1e-12


def test_a_bias_that_is_hard_to_find_has_a_larger_bound() -> None:
    """Two states that are left once in 10,000 steps: rounding is multiplied by as many."""
    rare = 1e-4
    chances = [1 - rare, rare, 1 - rare, rare]
    mdp = rlcalc.MDP.from_rows([0, 0, 1, 1], [0] * 4, [0, 1, 1, 0], chances, [1, 1, 0, 0])
    result = rlcalc.solve(mdp, criterion="average")
    gain, bias = gain_and_bias(mdp, uniform(mdp))
    off = max(abs(Fraction(v) - h) for v, h in zip(result["v"], bias, strict=True))

    assert abs(Fraction(result.facts["gain"]) - gain[0]) <= Fraction(result.facts["bound"])
    assert 1e-10 < result.facts["bias_bound"] < 1e-4
    assert off <= Fraction(result.facts["bias_bound"])


def test_a_small_model_that_is_left_once_in_10_12_steps_is_proven_in_fractions() -> None:
    """The bias is 2.5e11, and floats alone know it to 1e10."""
    chances = [1 - 1e-12, 1e-12, 1 - 1e-12, 1e-12]
    mdp = rlcalc.MDP.from_rows([0, 0, 1, 1], [0] * 4, [0, 1, 1, 0], chances, [1, 1, 0, 0])
    result = rlcalc.solve(mdp, criterion="average")

    assert abs(result["gain"] - 0.5).max() <= result.facts["bound"] < 1e-12
    assert abs(result["v"] - [2.5e11, -2.5e11]).max() <= result.facts["bias_bound"] < 1


@pytest.mark.parametrize("stop", [1, 2, 5, 20])
def test_the_trace_has_every_sweep_with_a_bound_that_holds(stop: int) -> None:
    """3.24 is the gain of the forest."""
    trace = rlcalc.solve("forest", criterion="average", trace=True, tol=10, max_iterations=stop)
    answer = rlcalc.solve("forest", criterion="average", tol=10, max_iterations=stop)
    bound = answer.facts["bound"]

    assert trace["iteration"].tolist() == list(range(1, len(trace) + 1))
    assert trace["bound"][-1] == bound
    assert abs(answer.facts["gain"] - 3.24) <= bound
    assert trace.facts["gain"] == answer.facts["gain"]
    assert trace.facts["gamma"] is None


def test_the_trace_shows_how_sweeps_come_near() -> None:
    trace = rlcalc.solve("forest", criterion="average", trace=True)

    assert len(trace) > 20
    assert (np.diff(trace["bound"]) < 0).all()

"""Gain and bias: against exact fractions, and bounds that hold at every step."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given

import rlcalc
from rlcalc.numerics.fractions import fraction
from tests.solvers.models import by_state, dense, models


def solved(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Gauss and Jordan, in fractions; a singular matrix is an error."""
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = next(j for j in range(i, len(rows)) if rows[j][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [entry / rows[i][i] for entry in rows[i]]
        for j in range(len(rows)):
            if j != i:
                rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [row[-1] for row in rows]


def gain_and_bias(mdp: rlcalc.MDP) -> tuple[Fraction, list[Fraction]]:
    """Of the uniform policy: μ (I − P) = 0, Σ μ = 1, g = μ r, (I − P + 1 μ) h = r − g."""
    p, r = dense(mdp)
    n = mdp.n_states
    state = np.repeat(np.arange(n), np.diff(mdp.pair_start))
    several = np.bincount(state, minlength=n)
    chain = [[Fraction(0)] * n for _ in range(n)]
    earned = [Fraction(0)] * n
    for k, s in enumerate(state.tolist()):
        share = Fraction(1, int(several[s]))
        earned[s] += share * fraction(r[k])
        chain[s] = [a + share * fraction(b) for a, b in zip(chain[s], p[k], strict=True)]
    for s in np.flatnonzero(several == 0).tolist():
        chain[s][s] = Fraction(1)  # all is over: one stays for nothing
    one = [[Fraction(int(s == t)) for t in range(n)] for s in range(n)]
    left = [[one[s][t] - chain[s][t] for t in range(n)] for s in range(n)]
    balance = [[left[s][t] for s in range(n)] for t in range(n - 1)] + [[Fraction(1)] * n]
    share_of_time = solved(balance, [Fraction(0)] * (n - 1) + [Fraction(1)])
    gain = sum((m * e for m, e in zip(share_of_time, earned, strict=True)), Fraction(0))
    system = [[left[s][t] + share_of_time[t] for t in range(n)] for s in range(n)]
    return gain, solved(system, [e - gain for e in earned])


@given(models())
def test_gain_and_bias_are_as_near_as_their_bounds_say(mdp: rlcalc.MDP) -> None:
    try:
        result = rlcalc.solve(mdp, policy="uniform", criterion="average")
        gain, bias = gain_and_bias(mdp)
    except (rlcalc.InputError, StopIteration):
        assume(False)
    found, bound = result.facts["gain"], result.facts["bound"]
    off = [abs(Fraction(v) - h) for v, h in zip(by_state(mdp, result), bias, strict=True)]
    bias_bound = result.facts["bias_bound"]

    assert isinstance(found, float)
    assert isinstance(bound, float)
    assert isinstance(bias_bound, float)
    assert abs(Fraction(found) - gain) <= Fraction(bound)
    assert max(off) <= Fraction(bias_bound)
    assert bias_bound < 1e-7  # of rewards up to 4: the bias is a solution of a system


def test_a_bias_that_is_hard_to_find_has_a_larger_bound() -> None:
    """Two states that are left once in 10,000 steps: rounding is multiplied by as many."""
    rare = 1e-4
    chances = [1 - rare, rare, 1 - rare, rare]
    mdp = rlcalc.MDP.from_rows([0, 0, 1, 1], [0] * 4, [0, 1, 1, 0], chances, [1, 1, 0, 0])
    result = rlcalc.solve(mdp, criterion="average")
    gain, bias = gain_and_bias(mdp)
    off = max(abs(Fraction(v) - h) for v, h in zip(result["v"], bias, strict=True))

    assert abs(Fraction(result.facts["gain"]) - gain) <= Fraction(result.facts["bound"])
    assert 1e-10 < result.facts["bias_bound"] < 1e-4
    assert off <= Fraction(result.facts["bias_bound"])


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

"""Reaching states: by hand, by enumeration of all policies, and by linear programming."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

import rlcalc
from rlcalc.errors import InputError, UsageError
from tests.solvers.models import Floats, by_state, dense, mdp_of, models, random_model

FORK = {
    (0, 0): [(1, 0.5, 0.0), (2, 0.5, 0.0)],
    (0, 1): [(0, 1.0, 0.0)],
    (1, 0): [(3, 1.0, 0.0)],
}
"""0 goes to 1 or to the dead end 2, or waits; 1 goes to 3."""


def test_a_fork_as_worked_by_hand() -> None:
    mdp = mdp_of(FORK, 4)
    most = rlcalc.solve(mdp, reach=["3"])
    least = rlcalc.solve(mdp, reach=["3"], minimise=True)

    assert most["v"].tolist() == [0.5, 0.5, 1.0]
    assert least["v"].tolist() == [0.0, 0.0, 1.0]
    assert least["pi"].tolist() == [0.0, 1.0, 1.0]
    assert most.facts["targets"] == 1


def test_steps_are_infinite_where_the_states_may_not_be_reached() -> None:
    result = rlcalc.solve(mdp_of(FORK, 4), steps_to=["3"], minimise=True)

    assert result["v"].tolist() == [np.inf, np.inf, 1.0]
    assert result["v_infinite"].tolist() == [True, True, False]
    assert result.facts["infinite"] == 2
    assert result.plain()["v"] == [None, None, 1.0]


def test_a_gambler_who_plays_fair_reaches_a_goal_in_proportion() -> None:
    """From s of 0..10, P(10 before 0) = s/10 and the game takes s (10 − s) steps."""
    mdp = mdp_of({(s, 0): [(s - 1, 0.5, 0.0), (s + 1, 0.5, 0.0)] for s in range(1, 10)}, 11)
    inner = np.arange(1, 10)

    np.testing.assert_allclose(rlcalc.solve(mdp, reach=["10"])["v"], inner / 10, atol=1e-12)
    steps = rlcalc.solve(mdp, steps_to=["10", "0"])
    np.testing.assert_allclose(steps["v"], inner * (10 - inner), atol=1e-10)


def closed_form(mdp: rlcalc.MDP, goal: int, *, steps: bool) -> list[Floats]:
    """The probability of reaching a state, or the steps, of every deterministic policy."""
    p, n = dense(mdp)[0], mdp.n_states
    choices: list[list[Any]] = [
        list(range(mdp.pair_start[s], mdp.pair_start[s + 1])) or [None] for s in range(n)
    ]
    several = []
    for pairs in product(*choices):
        chain = np.array([np.zeros(n) if k is None else p[k] for k in pairs])
        chain[goal] = 0
        leads = np.linalg.matrix_power(np.eye(n) + chain, n) > 0
        can = leads[:, goal]
        inner = can & (np.arange(n) != goal)
        system = np.eye(inner.sum()) - chain[np.ix_(inner, inner)]
        if steps:
            sure = ~(leads & ~can[None, :]).any(axis=1)
            inner &= sure
            system = np.eye(inner.sum()) - chain[np.ix_(inner, inner)]
            value = np.full(n, np.inf)
            value[goal] = 0
            value[inner] = np.linalg.solve(system, np.ones(inner.sum()))
        else:
            value = np.zeros(n)
            value[goal] = 1
            value[inner] = np.linalg.solve(system, chain[inner, goal])
        several.append(value)
    return several


@given(models(), st.data(), st.booleans(), st.booleans())
def test_reaching_is_the_best_of_all_policies(
    mdp: rlcalc.MDP, data: st.DataObject, least: bool, steps: bool
) -> None:
    goal = data.draw(st.integers(0, mdp.n_states - 1))
    question: dict[str, Any] = {"steps_to" if steps else "reach": [str(goal)]}
    result = rlcalc.solve(mdp, **question, minimise=least)
    several = closed_form(mdp, goal, steps=steps)
    best = (np.min if least else np.max)(several, axis=0)
    state = np.repeat(np.arange(mdp.n_states), np.diff(mdp.pair_start))

    np.testing.assert_allclose(result["v"], best[state], atol=1e-9)
    again = rlcalc.solve(mdp, **question, policy=_policy(result))
    np.testing.assert_allclose(again["v"], result["v"], atol=1e-9)


def _policy(result: Any) -> dict[str, dict[str, float]]:
    policy: dict[str, dict[str, float]] = {}
    for row in result.rows():
        policy.setdefault(row["state"], {})[row["action"]] = row["pi"]
    return policy


def test_reaching_agrees_with_linear_programming() -> None:
    """The least p with p ≥ P p and p(goal) = 1, by HiGHS."""
    mdp = random_model(np.random.default_rng(3), n_states=40)
    ends = np.arange(mdp.n_pairs) < mdp.pair_start[30]
    from rlcalc.solvers.questions.submodel import submodel

    mdp = submodel(mdp, ends, mdp.reward)
    p = dense(mdp)[0]
    here = np.zeros_like(p)
    here[np.arange(mdp.n_pairs), mdp.expected.pair_state] = 1
    bounds = [(1, 1) if s == 35 else (0, 1) for s in range(40)]
    answer: Any = linprog(np.ones(40), A_ub=p - here, b_ub=np.zeros(mdp.n_pairs), bounds=bounds)
    result = rlcalc.solve(mdp, reach=["35"])

    np.testing.assert_allclose(by_state(mdp, result)[:30], answer.x[:30], atol=1e-7)
    assert isinstance(result.facts["bound"], float)
    assert result.facts["bound"] <= 1e-6


def test_what_cannot_be_reached_is_an_answer_with_a_note() -> None:
    mdp = mdp_of({(0, 0): [(1, 1.0, 0.0)], (2, 0): [(1, 1.0, 0.0)]}, 3)
    result = rlcalc.solve(mdp, reach=["2"], states=["0"])

    assert result["v"].tolist() == [0.0]
    assert result.notes == ["no other state leads to these states"]


def test_a_prefix_names_several_states() -> None:
    assert rlcalc.solve("gridworld-4x4", reach=["1*"]).facts["targets"] == 7


def test_faults_name_the_nearest() -> None:
    with pytest.raises(InputError, match="no state lo"):
        rlcalc.solve("recycling-robot", reach=["lo"])
    with pytest.raises(InputError, match="no state begins with x"):
        rlcalc.solve("recycling-robot", reach=["x*"])
    with pytest.raises(UsageError, match="--reach and --steps-to"):
        rlcalc.solve("recycling-robot", reach=["low"], steps_to=["low"])


def test_fractions_are_exact() -> None:
    mdp = mdp_of({(0, 0): [(0, 0.9, 0.0), (1, 0.03, 0.0), (2, 0.07, 0.0)]}, 3)

    assert rlcalc.solve(mdp, reach=["1"])["v"][0] == float(Fraction(3, 10))

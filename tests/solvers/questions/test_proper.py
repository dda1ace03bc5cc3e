"""Proper policies: by hand, by enumeration, and where they are all that counts anyway."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import rlcalc
from rlcalc.errors import InputError, UsageError
from tests.solvers.models import dense, mdp_of, models, open_map

WAIT = {(0, 0): [(0, 1.0, 0.0)], (0, 1): [(1, 1.0, -1.0)]}


@given(models())
def test_the_best_of_all_deterministic_policies_that_end(mdp: rlcalc.MDP) -> None:
    """A policy counts from the states from which it ends with probability 1."""
    p, r = dense(mdp)
    n = mdp.n_states
    choices: list[list[Any]] = [
        list(range(mdp.pair_start[s], mdp.pair_start[s + 1])) or [None] for s in range(n)
    ]
    best = np.full(n, -np.inf)
    for pairs in product(*choices):
        chain = np.array([np.zeros(n) if k is None else p[k] for k in pairs])
        earned = np.array([0.0 if k is None else r[k] for k in pairs])
        leads = np.linalg.matrix_power(np.eye(n) + chain, n) > 0
        ends = np.array([k is None for k in pairs])
        can = (leads & ends[None, :]).any(axis=1)
        sure = ~(leads & ~can[None, :]).any(axis=1)
        value = np.full(n, -np.inf)
        value[sure] = np.linalg.solve(np.eye(sure.sum()) - chain[np.ix_(sure, sure)], earned[sure])
        best = np.maximum(best, value)
    try:
        result = rlcalc.solve(mdp, gamma=1.0, proper=True)
    except (InputError, rlcalc.NotConverged):
        return  # a cycle earns for ever, or its rewards cancel
    np.testing.assert_allclose(result["v"], best[mdp.expected.pair_state], atol=1e-9)


def test_waiting_for_nothing_is_no_answer_where_policies_end() -> None:
    mdp = mdp_of(WAIT, 2)

    assert rlcalc.solve(mdp, gamma=1.0)["v"].tolist() == [0.0, 0.0]
    proper = rlcalc.solve(mdp, gamma=1.0, proper=True)
    assert proper["v"].tolist() == [-1.0, -1.0]
    assert proper["q"].tolist() == [-1.0, -1.0]


def test_an_avoidable_dead_end_is_infinite_and_the_rest_is_solved() -> None:
    outcomes = WAIT | {(0, 2): [(2, 1.0, 0.0)], (2, 0): [(2, 1.0, -1.0)]}
    proper = rlcalc.solve(mdp_of(outcomes, 3), gamma=1.0, proper=True)

    assert proper["v"].tolist() == [-1.0, -1.0, -1.0, -np.inf]
    assert proper["q"].tolist() == [-1.0, -1.0, -np.inf, -np.inf]
    assert proper.facts["infinite"] == 1
    cost: Any = rlcalc.solve(mdp_of(outcomes, 3), gamma=1.0, proper=True, minimise=True)
    assert cost["v"].tolist()[-1] == np.inf


def test_where_going_on_costs_all_best_policies_are_proper() -> None:
    mdp = open_map(6)
    proper, total = (rlcalc.solve(mdp, gamma=1.0, proper=p) for p in (True, False))

    np.testing.assert_allclose(proper["v"], total["v"], atol=1e-9)


def test_proper_is_about_the_total_reward() -> None:
    with pytest.raises(UsageError, match=r"gamma is 0\.9"):
        rlcalc.solve("recycling-robot", proper=True)

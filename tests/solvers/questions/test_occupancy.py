"""Occupancy: by hand, by identity, and by a dense inverse."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from tests.solvers.models import dense, mdp_of, models


def started(mdp: rlcalc.MDP) -> rlcalc.MDP:
    from dataclasses import replace

    return replace(mdp, start=np.eye(mdp.n_states)[0])


def test_a_chain_as_worked_by_hand() -> None:
    """One stays with a half: 2 visits without discount, 1/(1 − 0.9/2) = 20/11 with 0.9."""
    mdp = started(mdp_of({(0, 0): [(0, 0.5, 1.0), (1, 0.5, 1.0)]}, 2))

    for gamma, visits in ((1.0, 2.0), (0.9, 20 / 11)):
        result = rlcalc.solve(mdp, gamma=gamma, rows="occupancy")
        assert result["d"][0] == pytest.approx(visits, abs=1e-12)
        assert isinstance(result.facts["bound"], float)
        assert result.facts["bound"] < 1e-12


@given(models(), st.sampled_from([0.0, 0.5, 0.99]))
def test_visits_times_rewards_are_the_value_of_the_start(mdp: rlcalc.MDP, gamma: float) -> None:
    """Σ d(s,a) r(s,a) = V(start), and the visits of all states sum to 1/(1 − γ) less the end's."""
    mdp = started(mdp)
    result = rlcalc.solve(mdp, gamma=gamma, policy="uniform", rows="occupancy")
    facts: Any = result.facts
    p, r = dense(mdp)
    weight = result["pi"]
    mixed = np.zeros((mdp.n_states, mdp.n_states))
    np.add.at(mixed, mdp.expected.pair_state, weight[:, None] * p)
    visits = np.linalg.inv(np.eye(mdp.n_states) - gamma * mixed)[0]

    np.testing.assert_allclose(result["d_state"], visits[mdp.expected.pair_state], atol=1e-9)
    assert facts["start_value"] == pytest.approx(facts["start_value_solved"], abs=1e-7)
    assert result["d"] @ r == pytest.approx(facts["start_value"], abs=1e-9)
    ended = visits[mdp.expected.terminal].sum()
    assert facts["steps"] * (1 - gamma) == pytest.approx(1 - ended, abs=1e-9)


def test_what_is_visited_for_ever_is_infinite() -> None:
    mdp = started(mdp_of({(0, 0): [(1, 1.0, 2.0)], (1, 0): [(1, 1.0, 0.0)]}, 2))
    result = rlcalc.solve(mdp, gamma=1.0, rows="occupancy")

    assert result["d"].tolist() == [1.0, np.inf]
    assert result["infinite"].tolist() == [False, True]
    assert result.facts["start_value"] == 2.0


def test_visits_need_a_start() -> None:
    with pytest.raises(InputError, match="where it starts"):
        rlcalc.solve(mdp_of({(0, 0): [(0, 1.0, 0.0)]}, 1), gamma=0.5, rows="occupancy")

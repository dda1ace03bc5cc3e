"""Costs and proper policies: by hand, by identity and by enumeration."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import UsageError
from tests.solvers.models import mdp_of, models, open_map

WAIT = {(0, 0): [(0, 1.0, 0.0)], (0, 1): [(1, 1.0, -1.0)]}


@given(models(), st.sampled_from([0.0, 0.5, 0.9]))
def test_the_least_costs_are_the_opposite_of_the_largest_rewards(
    mdp: rlcalc.MDP, gamma: float
) -> None:
    from rlcalc.solvers.questions.costs import with_opposite_rewards

    least = rlcalc.solve(mdp, gamma=gamma, minimise=True)
    most = rlcalc.solve(with_opposite_rewards(mdp), gamma=gamma)

    for name in ("q", "v", "a"):
        assert (least[name] == -most[name]).all()
    assert (least["a"] >= -1e-9).all()
    assert least["pi"].tolist() == most["pi"].tolist()


def test_costs_of_a_total() -> None:
    """Two ways to the end cost 3 and 2."""
    mdp = mdp_of({(0, 0): [(1, 1.0, 3.0)], (0, 1): [(1, 1.0, 2.0)]}, 2)

    assert rlcalc.solve(mdp, gamma=1.0, minimise=True)["v"].tolist() == [2.0, 2.0]
    assert rlcalc.solve(mdp, horizon=1, minimise=True)["v"].tolist() == [2.0, 2.0]


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

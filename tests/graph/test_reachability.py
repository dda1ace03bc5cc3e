"""Reachability, distances and policies that end, by hand."""

import numpy as np
import pytest

from rlcalc.errors import InputError
from rlcalc.graph.reachability import (
    distances,
    never_ending,
    policy_reaching_end,
    predecessor_pairs,
    reachable,
)
from tests.solvers.models import mdp_of


def test_reachability_and_distances_by_hand() -> None:
    """0 → 1 → 2 (terminal), 3 → 3: nothing leads from 3 to the end, nor from 0 to 3."""
    rows = {(0, 0): [(1, 1.0, 0.0)], (1, 0): [(2, 0.5, 0.0), (0, 0.5, 0.0)], (3, 0): [(3, 1.0, 0)]}
    model = mdp_of(rows, 4).expected
    first, pair = predecessor_pairs(model)
    start = np.array([True, False, False, False])

    assert reachable(model, start).tolist() == [True, True, True, False]
    assert distances(model, model.terminal).tolist() == [2, 1, 0, -1]
    assert [part.tolist() for part in np.split(pair, first[1:-1])] == [[1], [0], [1], [2]]


def test_a_policy_that_ends_takes_the_way_out() -> None:
    """0 and 1 are a loop of reward 0; from 1 one may leave to 2, and from there to the end, 3."""
    rows = {
        (0, 0): [(1, 1.0, 0.0)],
        (1, 0): [(0, 1.0, 0.0)],
        (1, 1): [(2, 1.0, 5.0)],
        (2, 0): [(3, 1.0, 1.0)],
    }
    model = mdp_of(rows, 4).expected
    chosen = policy_reaching_end(model, lambda states: states.tolist())

    assert chosen.tolist() == [0, 2, 3, -1]
    assert not len(never_ending(model.only(chosen)))
    assert never_ending(model.only(np.array([0, 1, 3, -1]))).tolist() == [0, 1]


def test_states_that_cannot_reach_an_end_are_named() -> None:
    model = mdp_of({(0, 0): [(0, 1.0, 1.0)], (1, 0): [(2, 1.0, 0.0)]}, 3).expected
    with pytest.raises(InputError, match="a state cannot reach an end") as error:
        policy_reaching_end(model, lambda states: [f"s{s}" for s in states])

    assert error.value.faults[0].where == "s0"

"""Submodels: pairs that are left out, and the names that stay."""

import numpy as np

from rlcalc.solvers.questions.submodel import submodel
from tests.solvers.models import dense, mdp_of


def test_a_state_without_pairs_becomes_terminal() -> None:
    mdp = mdp_of({(0, 0): [(1, 1.0, 1.0)], (0, 1): [(0, 1.0, 2.0)], (1, 0): [(0, 1.0, 3.0)]}, 2)
    small = submodel(mdp, np.array([False, True, False]), 10 * mdp.reward)

    assert small.expected.terminal.tolist() == [False, True]
    assert dense(small)[1].tolist() == [20.0]
    assert small.actions.named(small.action).tolist() == [1]

"""Certainty: which states reach a goal surely, possibly or never, by hand."""

import numpy as np

from rlcalc.solvers.questions import certainty
from tests.solvers.models import mdp_of

MODEL = mdp_of(
    {
        (0, 0): [(1, 0.5, 0.0), (2, 0.5, 0.0)],
        (0, 1): [(0, 1.0, 0.0)],
        (1, 0): [(3, 1.0, 0.0)],
        (4, 0): [(1, 1.0, 0.0)],
        (4, 1): [(0, 1.0, 0.0)],
    },
    5,
).expected
"""0 may wait, or go to 1 or to the dead end 2; 1 goes to 3; 4 goes to 1 or to 0."""
GOAL = np.arange(5) == 3


def test_the_four_sets_of_a_fork() -> None:
    assert certainty.possible(MODEL, GOAL).tolist() == [True, True, False, True, True]
    assert certainty.surely_by_some_policy(MODEL, GOAL).tolist() == [0, 1, 0, 1, 1]
    assert certainty.surely_by_every_policy(MODEL, GOAL).tolist() == [0, 1, 0, 1, 0]
    assert certainty.avoidable(MODEL, GOAL).tolist() == [1, 0, 1, 0, 1]

"""The distribution of the first state."""

from dataclasses import replace

import numpy as np
import pytest

from rlcalc.errors import InputError
from rlcalc.simulation.start import start_distribution
from tests.solvers.models import mdp_of

CHAIN = {(0, 0): [(1, 1.0, 0.0)], (1, 0): [(2, 1.0, 1.0)]}  # state 2 is terminal


def test_uniform_is_over_the_states_with_actions() -> None:
    assert start_distribution(mdp_of(CHAIN, 3), "uniform").tolist() == [0.5, 0.5, 0]


def test_a_named_state_is_certain() -> None:
    mdp = replace(mdp_of(CHAIN, 3), start=np.array([0.25, 0.75, 0]))

    assert start_distribution(mdp, "1").tolist() == [0, 1, 0]
    assert start_distribution(mdp, None).tolist() == [0.25, 0.75, 0]


def test_a_start_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="does not define a start state"):
        start_distribution(mdp_of(CHAIN, 3), None)
    with pytest.raises(InputError, match="7"):
        start_distribution(mdp_of(CHAIN, 3), "7")

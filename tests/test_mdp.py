"""The model from its rows: grouped, checked, with expected and exact twins."""

from fractions import Fraction

import numpy as np
import pytest

from rlcalc.errors import InputError, ShapeError
from rlcalc.mdp import MDP


def test_rows_of_a_pair_need_not_be_adjacent() -> None:
    mdp = MDP.from_rows([0, 1, 0], [0, 0, 0], [1, 2, 2], [0.25, 1, 0.75], [4.0, 0, 8])

    assert mdp.next_state.tolist() == [1, 2, 2]
    assert mdp.outcome_start.tolist() == [0, 2, 3]
    assert mdp.expected.reward.tolist() == [7, 0]
    assert mdp.exact.reward.tolist() == [Fraction(7), 0]
    assert (mdp.next_state_certain, mdp.reward_certain) == (False, True)


def test_a_wrong_sum_names_the_pair_and_its_rows() -> None:
    with pytest.raises(InputError, match=r"sum to 0\.5") as error:
        MDP.from_rows([0, 1, 0], [0, 0, 0], [1, 1, 1], [0.25, 1, 0.25], [0.0, 0, 0])

    assert "entry 0 and entry 2" in error.value.faults[0].where
    assert error.value.faults[0].fix.startswith("its rows are not adjacent: perhaps")


def test_offsets_that_fall_are_refused() -> None:
    mdp = MDP.from_rows([0], [0], [1], [1.0], [0.0])
    with pytest.raises(ShapeError, match="does not rise"):
        MDP(
            np.array([1, 0, 1]),
            *(mdp.action, mdp.outcome_start, mdp.next_state, mdp.probability, mdp.reward),
            *(mdp.states, mdp.actions),
        )

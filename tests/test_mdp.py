"""The model from its rows: grouped, checked, with expected and exact twins."""

from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError, ShapeError
from rlcalc.mdp import MDP, certain_next_and_reward


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


@given(st.data())
def test_what_is_certain_is_what_a_dictionary_of_the_rows_shows(data: st.DataObject) -> None:
    """By numpy, and by the loop of large models: the next state of a pair, and its reward there."""
    row = st.tuples(*(st.integers(0, n) for n in (1, 1, 2, 1)))
    rows = np.array(data.draw(st.lists(row, min_size=1, max_size=9)))
    state, action, after, reward = rows.T
    pair = 2 * state + action
    mdp = MDP.from_rows(state, action, after, 1 / np.bincount(pair)[pair], reward)
    next_states, rewards = defaultdict(set), defaultdict(set)
    for k, s, r in zip(pair.tolist(), after.tolist(), reward.tolist(), strict=True):
        next_states[k].add(s)
        rewards[k, s].add(r)
    expected = tuple(
        all(len(x) == 1 for x in several.values()) for several in (next_states, rewards)
    )
    start, after = mdp.outcome_start.view(np.uint64), mdp.next_state.view(np.uint32)
    latest = np.full(mdp.n_states, len(after), dtype=np.uint64)
    loop = certain_next_and_reward(start, after, mdp.reward, latest)

    assert (mdp.next_state_certain, mdp.reward_certain) == expected == loop

"""The chain that a policy induces: by definition, and the models that it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from rlcalc import MDP, Policy
from rlcalc.errors import InputError
from rlcalc.simulation.markov_chain import MarkovChain
from tests.simulation.plays import TWO, played
from tests.solvers.models import mdp_of, models


def test_an_entry_has_the_probability_of_its_action_and_outcome() -> None:
    """By hand: π = (0.4, 0.6), and the first action leads to the end with 0.25."""
    mdp = mdp_of(TWO, 2)
    chain = MarkovChain.of(mdp, Policy(np.array([0.4, 0.6]), "any"), np.array([1.0, 0.0]))

    assert sorted(zip(chain.table.chance(), chain.next_state, chain.reward, strict=True)) == [
        (pytest.approx(0.1), -2, 1.0),
        (pytest.approx(0.3), 0, 0.0),
        (pytest.approx(0.6), -2, 2.0),
    ]


def test_an_episode_cannot_start_in_a_terminal_state() -> None:
    with pytest.raises(InputError, match="an episode that starts in 1 has no steps"):
        played(replace(mdp_of(TWO, 2), start=np.array([0.5, 0.5])), 3)


def test_a_world_that_never_ends_says_so() -> None:
    loop = mdp_of({(0, 0): [(1, 0.5, 0.0), (2, 0.5, 0.0)], (1, 0): [(1, 1.0, 0.0)]}, 3)
    with pytest.raises(InputError, match=r"from state 1 no terminal state.*(?s:.)*--max-steps"):
        played(replace(loop, start=np.array([1.0, 0, 0])), 10)


def test_rewards_whose_squares_overflow_are_refused() -> None:
    world = replace(mdp_of({(0, 0): [(1, 1.0, -1e141)]}, 2), start=np.array([1.0, 0]))
    with pytest.raises(InputError, match=r"as large as 1e\+141"):
        played(world, 3)


@given(models())
def test_a_world_is_endless_where_no_way_leads_to_an_end(mdp: MDP) -> None:
    """The plain definition: a state that is reached, and from which no end is."""
    start = np.where(mdp.expected.terminal, 0.0, 1.0)
    chain = MarkovChain.of(mdp, Policy.uniform(mdp.expected), start / start.sum())
    edges = np.eye(mdp.n_states, dtype=bool)
    for k, s in enumerate(mdp.expected.pair_state):
        edges[s, mdp.next_state[mdp.outcome_start[k] : mdp.outcome_start[k + 1]]] = True
    closure = np.linalg.matrix_power(edges.astype(int), mdp.n_states) > 0
    lost = [
        s
        for s in range(mdp.n_states)
        if closure[start > 0, s].any() and not closure[s, mdp.expected.terminal].any()
    ]

    assert chain.never_ending_states.tolist() == lost

"""Outcomes of a policy: those that it may meet, and states whose gain is certain left out."""

import numpy as np

from rlcalc.solvers.returns.outcomes import PolicyOutcomes, active_states
from tests.solvers.models import mdp_of

MDP = mdp_of(
    {
        (0, 0): [(1, 0.5, 1.0), (2, 0.5, 0.0)],
        (0, 1): [(0, 1.0, 0.0)],
        (1, 0): [(2, 1.0, 3.0)],
        (2, 0): [(2, 1.0, 0.0)],
    },
    3,
)


def test_states_after_which_nothing_is_earned_are_not_active() -> None:
    weight = np.array([1.0, 0.0, 1.0, 1.0])

    assert active_states(MDP, weight, np.array([0])).tolist() == [0, 1]
    assert active_states(MDP, weight, np.array([1])).tolist() == [1]
    assert active_states(MDP, weight, np.array([2])).tolist() == []


def test_outcomes_are_those_of_the_actions_that_are_taken() -> None:
    outcomes = PolicyOutcomes.of(MDP, np.array([1.0, 0.0, 1.0, 1.0]), np.array([0, 1]))

    assert outcomes.start.tolist() == [0, 2, 3]
    assert outcomes.next_state.tolist() == [1, 2, 2]  # 2 stands for all that are not active
    assert outcomes.probability.tolist() == [0.5, 0.5, 1.0]


def test_extremes_and_chances_go_one_step_deeper() -> None:
    outcomes = PolicyOutcomes.of(MDP, np.array([1.0, 0.0, 1.0, 1.0]), np.array([0, 1]))
    low = high = np.zeros(3)
    for _ in range(2):
        low, high = outcomes.step_of_extremes(low, high, 1.0)

    assert low.tolist() == [0.0, 3.0, 0.0]
    assert high.tolist() == [4.0, 3.0, 0.0]
    assert outcomes.unfinished(np.array([1.0, 1.0, 0.0])).tolist() == [0.5, 0.0, 0.0]

"""Policies from action values, by hand: one state with three actions, one terminal state."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc import expected_mdp, policy
from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from tests.solvers.models import mdp_of, models

MODEL = mdp_of({(0, a): [(1, 1.0, 0.0)] for a in range(3)}, 2).expected
Q = np.array([1.0, 2.0, 2.0 - 1e-9])


def test_greedy_and_epsilon_share_among_the_best() -> None:
    assert Policy.greedy(MODEL, Q).weight.tolist() == [0, 1, 0]
    assert Policy.greedy(MODEL, Q, 1e-6).weight.tolist() == [0, 0.5, 0.5]
    np.testing.assert_allclose(Policy.epsilon(MODEL, Q, 0.3).weight, [0.1, 0.8, 0.1])
    assert Policy.epsilon(MODEL, Q, 0.3).name == "epsilon:0.3"


def test_softmax_does_not_change_with_a_shift_of_the_values() -> None:
    weight = Policy.softmax(MODEL, Q, 0.5).weight
    shifted = Policy.softmax(MODEL, Q + 1000, 0.5).weight

    np.testing.assert_allclose(weight[1] / weight[0], np.exp(2))
    np.testing.assert_allclose(shifted, weight, atol=1e-9)
    assert Policy.uniform(MODEL).weight.tolist() == [1 / 3] * 3


@given(models(), st.lists(st.sampled_from([0.0, 1.0, 1 - 1e-9, 2.0, np.nan]), min_size=15))
def test_the_loops_of_large_models_agree_with_numpy(mdp: MDP, values: list[float]) -> None:
    """The best Q of each state, the policy's mean and the greedy policy, bit for bit."""
    model, q = mdp.expected, np.array(values[:15])[: mdp.n_pairs]
    weight = Policy.uniform(model).weight
    with np.errstate(invalid="ignore"):
        small = model.best(q), model.mean(q, weight), Policy.greedy(model, q, 1e-6).weight
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy, "LARGE", -1)
        patch.setattr(expected_mdp, "LARGE", -1)
        large = model.best(q), model.mean(q, weight), Policy.greedy(model, q, 1e-6).weight

    np.testing.assert_array_equal(large[0], small[0])
    np.testing.assert_allclose(large[1], small[1], rtol=1e-15)
    np.testing.assert_array_equal(large[2], small[2])

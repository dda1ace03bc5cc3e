"""The exact policy gradient is the slope of J: on paper, and against finite differences."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rlcalc.environments import load
from rlcalc.errors import InputError
from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.policy_gradient import exact as policy_gradient
from rlcalc.policy_gradient.exact import exact_gradient
from tests.solvers.models import Floats, mdp_of, models, random_model, value_of

SMALL = 1e-5


def slopes(mdp: MDP, logit: Floats, start: Floats, gamma: float) -> Floats:
    """(J(θ + h e_k) − J(θ − h e_k)) / 2h, J by a dense system of its own."""

    def objective(theta: Floats) -> float:
        weight = Policy.softmax(mdp.expected, theta, 1.0).weight
        return float(start @ value_of(mdp, weight, gamma))

    steps = SMALL * np.eye(mdp.n_pairs)
    return np.array([(objective(logit + h) - objective(logit - h)) / (2 * SMALL) for h in steps])


def agrees(mdp: MDP, seed: int, gamma: float) -> None:
    rng = np.random.default_rng(seed)
    logit, start = rng.normal(size=mdp.n_pairs), rng.dirichlet(np.ones(mdp.n_states))
    weight = Policy.softmax(mdp.expected, logit, 1.0).weight
    answers = exact_gradient(mdp, weight, start, gamma)
    expected = slopes(mdp, logit, start, gamma)

    scale = (
        1 + np.abs(answers.gradient).max() + np.abs(answers.value).max() + answers.visits.max() ** 2
    )
    assert np.abs(answers.gradient - expected).max() <= 1e-7 * scale
    assert answers.objective == pytest.approx(
        start @ value_of(mdp, weight, gamma), abs=1e-9 * scale
    )


@given(models(terminal=False), st.integers(0, 1000), st.sampled_from([0.0, 0.5, 0.9]))
def test_it_is_the_slope_of_the_objective_where_nothing_ends(
    mdp: MDP, seed: int, gamma: float
) -> None:
    agrees(mdp, seed, gamma)


@given(models(), st.integers(0, 1000))
def test_it_is_the_slope_of_the_total_reward_where_everything_ends(mdp: MDP, seed: int) -> None:
    assume(mdp.expected.terminal[-1])
    end = mdp.n_states - 1
    ending = {
        (int(s), int(a)): [
            *(
                (int(mdp.next_state[i]), 0.75 * float(mdp.probability[i]), float(mdp.reward[i]))
                for i in range(mdp.outcome_start[k], mdp.outcome_start[k + 1])
            ),
            (end, 0.25, 1.0),
        ]
        for k, (s, a) in enumerate(zip(mdp.expected.pair_state, mdp.action, strict=True))
    }
    agrees(mdp_of(ending, mdp.n_states), seed, 1.0)


@given(arrays(np.float64, 4, elements=st.floats(-3, 3)), st.sampled_from([0.5, 1.0]))
def test_gradients_of_a_state_sum_to_nothing(logit: Floats, gamma: float) -> None:
    """All logits of a state may rise together without any change."""
    mdp = mdp_of({(s, a): [(1, 0.5, s + a), (2, 0.5, 1.0)] for s in range(2) for a in range(2)}, 3)
    weight = Policy.softmax(mdp.expected, logit, 1.0).weight
    gradient = exact_gradient(mdp, weight, np.array([1.0, 0, 0]), gamma).gradient

    assert np.abs(gradient.reshape(2, 2).sum(axis=1)).max() <= 1e-12


def test_two_rooms_on_paper() -> None:
    """A coin in the cold room: d(cold) = 1/(1 − ½·½) = 4/3, A = ∓1, so the slopes are ∓2/3.

    J = V(cold) = 2. The warm room's action is certain: its slopes are 0.
    """
    mdp = load.load_mdp("two-rooms")
    assert mdp.policy is not None
    assert mdp.start is not None
    answers = exact_gradient(mdp, mdp.policy, mdp.start, 0.5)

    assert answers.objective == pytest.approx(2)
    assert answers.visits[0] == pytest.approx(4 / 3)
    assert answers.gradient == pytest.approx([-2 / 3, 2 / 3, 0, 0])


@pytest.mark.parametrize("enough", [1e-12, -1.0])
def test_large_and_small_systems_agree(enough: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a Krylov method, and by sparse factors where that is not good enough."""
    mdp = random_model(np.random.default_rng(3))
    weight, start = Policy.uniform(mdp.expected).weight, np.full(mdp.n_states, 0.1)
    dense = exact_gradient(mdp, weight, start, 0.9)
    monkeypatch.setattr(policy_gradient, "DENSE", 0)
    monkeypatch.setattr(policy_gradient, "TOLERANCE", enough)

    assert exact_gradient(mdp, weight, start, 0.9).gradient == pytest.approx(
        dense.gradient, abs=1e-10
    )


def test_what_never_ends_has_no_gradient_without_discount() -> None:
    """Probabilities of a third: the matrix is singular but for rounding."""
    third = 1 / 3
    mdp = mdp_of(
        {
            (0, 0): [(0, third, 1.0), (1, third, 1.0), (2, 1 - 2 * third, 0.0)],
            (1, 0): [(0, 0.7, 1.0), (1, 0.3, 2.0)],
            (2, 0): [(0, third, 1.0), (2, 1 - third, 2.0)],
        },
        4,
    )
    with pytest.raises(InputError, match="never end"):
        exact_gradient(mdp, np.ones(3), np.eye(4)[0], 1.0)


def test_what_never_ends_does_not_matter_where_no_episode_comes() -> None:
    mdp = mdp_of({(0, 0): [(1, 1.0, 2.0)], (0, 1): [(2, 1.0, 1.0)], (2, 0): [(2, 1.0, 5.0)]}, 3)
    answers = exact_gradient(mdp, np.array([1.0, 0.0, 1.0]), np.eye(3)[0], 1.0)

    assert answers.objective == 2
    assert answers.gradient.tolist() == [0, 0, 0]

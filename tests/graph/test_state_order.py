"""Other numbers for states: the same model, the same answer, and neighbours near each other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.graph.state_order import distance_order, is_scattered, locality_order, reordered
from rlcalc.mdp import MDP
from tests.solvers.models import models, open_map, random_model


def shuffled(mdp: MDP, seed: int) -> tuple[MDP, np.ndarray]:  # type: ignore[type-arg]
    """The same model with states renamed at random, and the new number of each."""
    number = np.random.default_rng(seed).permutation(mdp.n_states)
    pair = np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))
    state = np.repeat(np.arange(mdp.n_states), np.diff(mdp.pair_start))[pair]
    moved = MDP.from_rows(
        number[state], mdp.action[pair], number[mdp.next_state], mdp.probability, mdp.reward
    )
    return moved, number


@given(models(), st.randoms(use_true_random=False))
def test_action_values_are_those_of_the_same_states(mdp: MDP, random: object) -> None:
    model = mdp.expected
    first = np.array(random.sample(range(model.n_states), model.n_states))  # type: ignore[attr-defined]
    numbering = reordered(model, first)
    value = np.arange(model.n_states) ** 1.5
    best = model.best(model.action_value(value, 0.9))
    moved = numbering.model
    moved_best = moved.best(moved.action_value(value[first], 0.9))

    np.testing.assert_array_equal(numbering.spread(value[first]), value)
    np.testing.assert_allclose(numbering.spread(moved_best), best, rtol=1e-14)


def test_a_corridor_is_numbered_from_its_end() -> None:
    """2 → 0 → 3 → 1, which ends."""
    mdp = MDP.from_rows([2, 0, 3], [0, 0, 0], [0, 3, 1], [1.0] * 3, [1.0] * 3)

    assert distance_order(mdp.expected).tolist() == [1, 3, 0, 2]


def test_shuffled_maps_are_numbered_anew() -> None:
    plain = open_map(70)
    moved, number = shuffled(plain, 3)

    assert not is_scattered(plain.expected)
    assert is_scattered(moved.expected)
    assert not is_scattered(locality_order(moved.expected).model)
    assert locality_order(plain.expected).model is plain.expected
    for gamma in (0.99, 1.0):
        one, two = (rlcalc.solve(mdp, gamma=gamma, method="gauss-seidel") for mdp in (plain, moved))
        v = {str(s): value for s, value in zip(two["state"], two["v"], strict=True)}
        same = [v[str(number[int(s)])] for s in one["state"]]
        np.testing.assert_allclose(one["v"], same, rtol=0, atol=2e-6)


def test_where_nothing_ends_all_states_are_there() -> None:
    model = random_model(np.random.default_rng(0), 50, branching=1).expected

    assert sorted(distance_order(model).tolist()) == list(range(50))

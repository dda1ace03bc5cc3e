"""A validated document becomes the arrays of a model, or the start of a named world."""

from dataclasses import replace

import numpy as np
import pytest

from rlcalc.documents import ModelDocument, World, adapter
from rlcalc.errors import InputError
from rlcalc.mdp import MDP
from rlcalc.readers.models.documents import of_document, with_start_and_policy


def model(**changes: object) -> MDP:
    hall = {"left": {"to": "room", "reward": 1}, "right": [{"to": "hall", "p": 1.0}]}
    value = {"states": {"hall": hall, "room": {}}, **changes}
    document: ModelDocument = adapter("model").validate_python(value)
    return of_document(document, lambda path: ".".join(map(str, path)))


def test_pairs_and_outcomes_come_in_the_order_of_the_document() -> None:
    mdp = model(start="hall")

    assert mdp.pair_start.tolist() == [0, 2, 2]
    assert mdp.next_state.tolist() == [1, 0]
    assert mdp.reward.tolist() == [1, 0]
    assert mdp.start is not None
    assert mdp.start.tolist() == [1, 0]


def test_a_world_keeps_its_own_policy_where_the_document_names_none() -> None:
    own = replace(model(), policy=np.array([0.25, 0.75]))
    same = with_start_and_policy(own, World(environment="e", start="room"), str)
    other = with_start_and_policy(own, World(environment="e", policy={"hall": "left"}), str)

    assert same.policy is not None
    assert same.policy.tolist() == [0.25, 0.75]
    assert other.policy is not None
    assert other.policy.tolist() == [1, 0]


def test_every_unknown_name_is_a_fault_of_its_own() -> None:
    with pytest.raises(InputError) as error:
        model(start="cellar", states={"hall": {"left": {"to": "attic"}}})

    assert [fault.where for fault in error.value.faults] == ["states.hall.left.to", "start.cellar"]


def test_rounded_probabilities_are_divided_by_their_sum_and_noted() -> None:
    third = {"to": "room", "p": 0.333333}
    mdp = model(states={"hall": {"go": [third, third, third]}, "room": {}})

    assert mdp.probability.sum() == pytest.approx(1, abs=1e-15)
    assert "divided by its sum" in mdp.notes[0]


def test_outcomes_without_an_action_are_those_of_step() -> None:
    """A Markov reward process is a model with one action in each state."""
    one, several = {"to": "b", "reward": 2}, [{"to": "a", "p": 0.5}, {"to": "b", "p": 0.5}]
    mdp = model(states={"a": several, "c": one, "b": {}})
    same = model(states={"a": {"step": several}, "c": {"step": one}, "b": {}})

    assert mdp.actions.texts == same.actions.texts == ["step"]
    assert mdp.next_state.tolist() == same.next_state.tolist() == [0, 2, 2]
    assert mdp.reward.tolist() == [0, 0, 2]


def test_an_action_may_be_called_to() -> None:
    assert model(states={"a": {"to": {"to": "b"}}, "b": {}}).actions.texts == ["to"]

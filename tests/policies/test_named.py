"""Every form of a policy through every entry, and one text for a wrong name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError, RlcalcError, ShapeError, UsageError
from rlcalc.policies.named import parameter_of, parse, policy_by_name, policy_for_solve
from rlcalc.policy import Policy

FORMS: dict[str, list[float]] = {
    "optimal": [0, 1, 1, 0],
    "greedy": [0, 1, 1, 0],
    "uniform": [0.5, 0.5, 0.5, 0.5],
    "epsilon:0.5": [0.25, 0.75, 0.75, 0.25],
    "epsilon": [0.05, 0.95, 0.95, 0.05],
    "uniform,top-k:1": [1, 0, 1, 0],
    "epsilon:0.5, temperature:0.5,top-p:1": [0.1, 0.9, 0.9, 0.1],
    "epsilon:0.5,top-p:0.7": [0, 1, 1, 0],
}
"""Two rooms: π(stay|cold), π(go|cold), π(stay|warm), π(go|warm); staying is best where warm."""

WRONG = {
    "optimall": "did you mean optimal?",
    "optimal:5": "did you mean optimal?",
    "epsilom:0.1": "did you mean epsilon?",
    "topk:3": "did you mean top-k?",
    "xyz": "a policy is optimal, uniform",
    "epsilon:x": "epsilon:0.1 explores",
    "epsilon:1.5": "epsilon:0.1 explores",
    "softmax:0": "softmax:1.0 has temperature 1",
    "uniform,top-k:0": "a whole number from 1",
}


@pytest.fixture
def mdp() -> rlcalc.MDP:
    return rlcalc.MDP.from_rows(
        *map(np.array, ([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0], [1.0] * 4, [0.0, -1.0, 4.0, 0]))
    )


@pytest.mark.parametrize("name", FORMS)
def test_a_name_is_one_policy_for_every_entry(name: str, mdp: rlcalc.MDP) -> None:
    """Solved, by name and simulated; the probabilities are worked out by hand."""
    solved = rlcalc.solve(mdp, policy=name, gamma=0.5)
    start = rlcalc.simulate(mdp, 200, policy=name, gamma=0.5, start=0, max_steps=1, with_prob=True)
    first = start.whole()

    np.testing.assert_allclose(solved["pi"], FORMS[name])
    np.testing.assert_allclose(policy_by_name(name, mdp, 0.5).weight, FORMS[name])
    assert first.behaviour_prob is not None
    np.testing.assert_allclose(first.behaviour_prob, np.array(FORMS[name])[first.action])


def test_softmax_by_its_formula(mdp: rlcalc.MDP) -> None:
    q = np.exp(rlcalc.solve(mdp, gamma=0.5)["q"] / 2).reshape(2, 2)

    np.testing.assert_allclose(
        policy_by_name("softmax:2", mdp, 0.5).weight, (q / q.sum(1, keepdims=True)).ravel()
    )


def test_a_policy_a_file_and_a_mapping_say_the_same(tmp_path: Path) -> None:
    """A state that is not named is left to the uniform policy."""
    path = tmp_path / "cold.yaml"
    path.write_text("cold: {stay: 0.25, go: 0.75}\n")
    by_file = rlcalc.solve("two-rooms", policy=path)
    forms: list[Any] = [str(path), {"cold": {"stay": 0.25, "go": 0.75}}]
    forms.append(Policy(by_file["pi"], "mine"))

    assert by_file["pi"].tolist() == [0.25, 0.75, 0.5, 0.5]
    for form in forms:
        solved = rlcalc.solve("two-rooms", policy=form)
        played = rlcalc.simulate("two-rooms", 1, policy=form, max_steps=1, rows="summary")

        assert solved["v"].tolist() == by_file["v"].tolist()
        assert played.facts["policy"] == solved.facts["policy"]
    assert rlcalc.solve("two-rooms", policy={"warm": "go"})["pi"].tolist() == [0.5, 0.5, 0, 1]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_name_has_one_text_for_every_entry(name: str, mdp: rlcalc.MDP) -> None:
    """There is no file of that name either; what has a known kind is a wrong use of it."""
    texts = []
    for enter in (
        lambda: rlcalc.solve(mdp, policy=name),
        lambda: rlcalc.simulate(mdp, 1, policy=name, start=0),
        lambda: rlcalc.gradient(mdp, 1, policy=name, start=0),
        lambda: policy_for_solve(name, mdp, None),
        lambda: policy_by_name(name, mdp, 1.0),
    ):
        with pytest.raises(RlcalcError) as caught:
            enter()
        texts.append(str(caught.value))

    assert len(set(texts)) == 1
    assert texts[0].startswith("there is no policy ")
    assert WRONG[name] in texts[0]


def test_a_misspelt_name_is_wrong_usage_and_a_missing_file_wrong_input(mdp: rlcalc.MDP) -> None:
    for wrong in ("unifrm", "uniform:2"):
        with pytest.raises(UsageError):
            policy_by_name(wrong, mdp, 1.0)
    with pytest.raises(InputError):
        policy_by_name("nowhere/policy.yaml", mdp, 1.0)


@pytest.mark.parametrize("wrong", [7, None])
def test_an_object_of_another_type_is_not_a_policy(wrong: object, mdp: rlcalc.MDP) -> None:
    with pytest.raises(UsageError, match="is not a policy"):
        rlcalc.solve(mdp, policy=wrong)


def test_without_a_base_decoders_change_the_own_policy_or_else_softmax(mdp: rlcalc.MDP) -> None:
    own = replace(mdp, policy=np.array([0.4, 0.6, 0.3, 0.7]))

    assert policy_by_name(None, mdp, 0.5).name == "uniform"
    assert policy_by_name(None, own, 0.5).name == "spec"
    assert policy_by_name("top-k:1", own, 0.5).weight.tolist() == [0, 1, 0, 1]
    assert policy_by_name("top-k:1", own, 0.5).name == "spec,top-k:1"
    assert policy_by_name("top-k:1", mdp, 0.5).name == "softmax:1.0,top-k:1"


def test_weights_of_another_model_are_refused_by_solve_too(mdp: rlcalc.MDP) -> None:
    with pytest.raises(ShapeError, match="has 1 weights, expected 4"):
        rlcalc.solve(mdp, policy=Policy(np.ones(1), "mine"))


def test_a_name_is_taken_apart_by_hand() -> None:
    name = parse("softmax:2, temperature:0.5,top-k:3")

    assert (name.base, name.kind, name.parameter) == ("softmax:2", "softmax", 2.0)
    assert name.decoders == (("temperature", 0.5), ("top-k", 3.0))
    assert parse("runs/a,b.yaml").kind == "file"
    assert parse("top-k:1").base == ""


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("epsilon", 1.1),
        ("softmax", 0),
        ("temperature", 0),
        ("temperature", "x"),
        ("top-p", 1.1),
        ("top-p", ""),
        ("top-k", 1.5),
    ],
)
def test_numbers_out_of_range_are_refused(name: str, number: object) -> None:
    with pytest.raises(UsageError, match=name):
        parameter_of(name, number)

"""Documents of trajectories: three forms that say the same, and faults with the path to them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.documents import adapter
from rlcalc.errors import InputError
from rlcalc.labels import Labels
from rlcalc.readers.trajectories.documents import batch, encode
from rlcalc.trajectories import Experience
from tests import reference
from tests.strategies import batches

Write = Callable[[Any], Path]
PATH = ["a", "x", 1, "b", "y", 2, "c"]


@pytest.fixture
def document(tmp_path: Path) -> Write:
    def write(value: Any) -> Path:
        path = tmp_path / "document.yaml"
        path.write_text(json.dumps(value))
        return path

    return write


def written(trajectory: reference.Trajectory, last: str, form: str) -> Any:
    """A trajectory that leads to a last state, as a document writes it."""
    states, actions, rewards = (list(column) for column in zip(*trajectory, strict=True))
    if form == "path":
        return [*(entry for step in trajectory for entry in step), last]
    if form == "lists":
        return {"states": [*states, last], "actions": actions, "rewards": rewards}
    following = [*states[1:], last]
    return [
        {"state": s, "action": a, "reward": r, "next_state": s2}
        for (s, a, r), s2 in zip(trajectory, following, strict=True)
    ]


@given(batches(longest=3), st.data())
def test_every_form_says_the_same_also_side_by_side(
    walks: list[reference.Trajectory], draw: st.DataObject
) -> None:
    lasts = draw.draw(st.lists(st.sampled_from("abz"), min_size=len(walks), max_size=len(walks)))
    kinds = st.sampled_from(["path", "steps", "lists"])
    forms = draw.draw(st.lists(kinds, min_size=len(walks), max_size=len(walks)))
    one, two = (
        adapter("document").validate_python(
            {"trajectories": list(map(written, walks, lasts, form))}
        )
        for form in (["path"] * len(walks), forms)
    )
    (left,), (right,) = (
        batch(document.trajectories, Experience(iter(()), Labels(), Labels()), str)
        for document in (one, two)
    )

    assert left.states.texts == right.states.texts
    assert left.last_state is not None
    assert [left.states.texts[code] for code in left.last_state] == lasts
    for name in ("start", "state", "action", "reward", "last_state", "terminated"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)


@pytest.mark.parametrize(
    "bare",
    [
        PATH,
        [PATH],
        {"trajectories": [PATH]},
        {"states": ["a", "b", "c"], "actions": ["x", "y"], "rewards": [1, 2]},
        [{"state": "a", "action": "x", "reward": 1},
         {"state": "b", "action": "y", "reward": 2, "next_state": "c"}],
        {"command": "simulate", "facts": {"gamma": 0.5}, "rows": [PATH]},
    ],
)  # fmt: skip
def test_a_trajectory_may_stand_alone_or_in_a_list(bare: Any, document: Write) -> None:
    experience = rlcalc.load(document(bare))
    read = experience.whole()

    assert read.start.tolist() == [0, 2]
    assert read.states.names() == ["a", "b", "c"]
    assert read.last_state is not None
    assert read.last_state.tolist() == [2]
    assert experience.gamma == (0.5 if "command" in bare else None)


@pytest.mark.parametrize(
    ("value", "what", "place"),
    [
        ([PATH[:3], PATH[:5]], "5 entries, expected state, action, reward", "2"),
        ({"trajectories": [PATH, ["a", "x", True]]},
         "entry 3 is true, expected a reward", "trajectories.2"),
        ({"trajectories": [PATH, ["a", "x", 10**400]]},
         "entry 3 is inf, expected", "trajectories.2"),
        ({"trajectories": [[{"state": 1, "action": 1, "reward": 1, "terminated": True}] * 3]},
         "step 1 is the end, but 2 more follow", "trajectories.1"),
        ({"trajectories": [{"states": [1], "actions": [1], "rewards": ["1"]}]},
         "entry 1 is text '1', expected a number", "trajectories.1.rewards.1"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_trajectory(
    value: Any, what: str, place: str, document: Write
) -> None:
    path = document(value)
    with pytest.raises(InputError) as caught:
        rlcalc.load(path).whole()

    (fault,) = caught.value.faults
    assert fault.what.startswith(what)
    assert fault.where == f"{path}, line 1: {place}"
    assert fault.fix


@pytest.mark.parametrize(
    ("value", "what", "fix"),
    [
        ({"trajectorys": [PATH]}, "there are no trajectories", "did you mean trajectories by"),
        ({"walks": [PATH]}, "there are no trajectories", "add the key trajectories; given: walks"),
        ({"states": {"a": {}}}, "this is a model, not trajectories", "-n EPISODES"),
        ({"environment": "lake"}, "this is a model, not trajectories", "-n EPISODES"),
    ],
)
def test_what_holds_no_trajectories_is_told_from_what_misspells_them(
    value: Any, what: str, fix: str, document: Write
) -> None:
    with pytest.raises(InputError, match=what) as caught:
        rlcalc.load(document(value)).whole()

    assert fix in caught.value.faults[0].fix


def test_values_that_only_some_trajectories_have_are_unknown_in_the_others(
    document: Write,
) -> None:
    lists = {"states": ["a", "b"], "actions": ["x"], "rewards": [1]}
    known = lists | {"values": [0.5, 2], "log_probs": [-1]}
    read = rlcalc.load(document({"trajectories": [lists, known]})).whole()

    np.testing.assert_array_equal(read.value, [np.nan, 0.5])
    np.testing.assert_array_equal(read.last_value, [np.nan, 2])
    assert read.log_prob is None


def test_labels_of_any_kind_have_one_text_and_a_text_makes_all_of_them_text() -> None:
    labels = Labels()
    codes = encode([1, 1.0, [0, "a b"], True, 1], labels)

    assert codes.tolist() == [0, 0, 1, 2, 0]
    assert labels.names() == ["1", '[0,"a b"]', "true"]
    numbers = Labels()
    encode([3, 1], numbers)
    assert numbers.names() == [3, 1]

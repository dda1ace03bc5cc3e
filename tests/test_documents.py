"""What a document may say: every key known, every fault told once, in words and with its path."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rlcalc.documents import World, adapter, document_faults, document_path_fault, schema
from rlcalc.errors import Fault
from rlcalc.numerics.probabilities import chance_of
from rlcalc.readers import yaml

STEP = {"state": "a", "action": "x", "reward": 1}


def told(of: Any, document: Any, *, line: bool = False) -> list[Fault]:
    """The faults of a document, with the path of each as where it stands."""
    with pytest.raises(ValidationError) as caught:
        adapter(of).validate_python(document)
    return document_faults(caught.value, lambda path: ".".join(map(str, path)), line=line)


def model(outcome: Any) -> dict[str, Any]:
    return {"states": {"a": {"x": outcome}}}


rewards = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(st.text(max_size=2), st.integers(), rewards), min_size=1, max_size=5))
def test_a_path_has_whole_steps_and_perhaps_a_last_state(
    steps: list[tuple[str, int, float]],
) -> None:
    path = [entry for step in steps for entry in step]

    assert document_path_fault(path) is None
    assert document_path_fault([*path, "last"]) is None
    assert document_path_fault([*path, "s", "a"]) is not None


@pytest.mark.parametrize("reward", [True, "1", None, math.nan, math.inf, 10**400, [1]])
def test_a_reward_in_a_path_is_a_finite_number(reward: Any) -> None:
    fault = document_path_fault(["a", "x", 1, "b", "y", reward, "c"])

    assert fault is not None
    assert fault.startswith("entry 6 is ")
    assert fault.endswith(", expected a reward: a finite number")


@given(st.integers(0, 10**15 - 1), st.integers(1, 10**15 - 1))
def test_a_quotient_is_the_number_nearest_to_it(above: int, below: int) -> None:
    assert chance_of(f"{above}/{below}") == float(Fraction(above, below))


@pytest.mark.parametrize("text", ["1/0", "1/00", "-1/2", "1/-2", "1.5/2", "1/2/3", " 1/2"])
def test_what_is_no_quotient_of_whole_numbers_stays_as_it_is(text: str) -> None:
    assert chance_of(text) == text


@pytest.mark.parametrize(
    ("p", "seen"),
    [
        ("5/4", "1.25"),
        ("1/0", "text '1/0'"),
        ("-0.5", "text '-0.5'"),
        (-0.1, "-0.1"),
        (True, "true"),
    ],
)
def test_a_chance_is_a_number_from_0_to_1(p: Any, seen: str) -> None:
    (fault,) = told("model", model({"to": "b", "p": p}))

    assert fault.what.startswith(f"p is {seen}, expected a number")
    assert fault.where == "states.a.x.p"


@pytest.mark.parametrize(
    ("of", "document", "fault"),
    [
        (
            "document",
            {"trajectories": [["a", "x", 1]], "gama": 0.9},
            Fault(
                "unknown key gama", "gama", "did you mean gamma? known: name, gamma, trajectories"
            ),
        ),
        (
            "document",
            {"trajectories": [[STEP, {"state": "b", "action": "x"}]]},
            Fault(
                "reward is missing", "trajectories.0.1", "add reward; given: state, action"
            ),
        ),
        (
            "document",
            {"trajectories": [[STEP | {"reward": "1"}]]},
            Fault(
                "reward is text '1', expected a number",
                "trajectories.0.0.reward",
                "write a number, without quotes",
            ),
        ),
        (
            "model",
            {"states": {"a": None}},
            Fault(
                "a is null, expected a mapping of keys to values",
                "states.a",
                "write a: {} if nothing can be done there, else its actions",
            ),
        ),
        (
            "model",
            {"states": {1: {2: "b"}}},
            Fault(
                "2 is text 'b', expected {to: STATE, p: 1, reward: 0}, or a list of these",
                "states.1.2",
                "write {to: STATE, p: 1, reward: 0}, or a list of these",
            ),
        ),
        (
            "model",
            model([{"to": "a", "rewrd": 1}]),
            Fault(
                "unknown key rewrd",
                "states.a.x.0.rewrd",
                "did you mean reward? known: to, p, reward",
            ),
        ),
    ],
)  # fmt: skip
def test_a_fault_says_what_where_and_how_to_mend_it(of: str, document: Any, fault: Fault) -> None:
    assert told(of, document) == [fault]


def test_a_label_that_is_none_of_its_kinds_is_one_fault() -> None:
    """Pydantic tells of each kind that it is not; a reader wants to know once, and in order."""
    found = told("document", {"trajectories": [[None, "x", 1], [STEP | {"state": None, "b": 1}]]})

    assert [fault.where for fault in found] == [
        "trajectories.0.0", "trajectories.1.0.state", "trajectories.1.0.b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "n", "fits"),
    [
        ("states", 2, True), ("states", 3, True), ("states", 1, False), ("states", 4, False),
        ("actions", 3, False), ("values", 3, True), ("log_probs", 3, False),
    ],
)  # fmt: skip
def test_only_states_and_values_may_have_one_entry_more_than_rewards(
    name: str, n: int, fits: bool
) -> None:
    lists = {"states": ["a"] * 2, "actions": ["x"] * 2, "rewards": [0] * 2} | {name: [-1] * n}
    if fits:
        assert len(getattr(adapter("trajectory").validate_python(lists), name)) == n
    else:
        (fault,) = told("trajectory", lists, line=True)
        assert fault.what.startswith(f"2 rewards but {n} {name}, expected 2")


class Lake(World):
    """A world for the schema."""

    size: int


def test_the_schema_tells_worlds_by_their_name_or_by_its_beginning() -> None:
    whole = schema({"lake": Lake, "gym:": World})
    lake, gym = (whole["$defs"][f"Environment {name}"] for name in ("lake", "gym:"))

    assert lake["properties"]["environment"] == {"type": "string", "const": "lake"}
    assert lake["required"] == ["environment", "size"]
    assert gym["properties"]["environment"] == {"type": "string", "pattern": "^gym:"}
    for choice in whole["anyOf"]:
        assert choice["$ref"].removeprefix("#/$defs/") in whole["$defs"]


@given(st.integers(0, 4), st.integers(1, 4), st.sampled_from(["{}", "'{}'", '"{}"']))
def test_a_probability_is_the_same_with_and_without_quotes(n: int, d: int, quotes: str) -> None:
    """As a number, a quotient and a percentage."""
    share = min(n / d, 1.0)
    for text in (repr(share), f"{min(n, d)}/{d}", f"{100 * share:.12f}%"):
        chance = yaml.parse(quotes.format(text), "here").value

        assert adapter("model").validate_python(
            {"states": {"s": {"a": {"to": "s", "p": chance}}}}
        ).states["s"]["a"].p == pytest.approx(share, abs=1e-13)

"""The documents that rlcalc reads: the schemas of models, policies, trajectories and worlds.

pydantic finds a fault and the path to it; `faults` puts it into our words. The readers turn text
into plain values, and these into arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from rlcalc.errors import Fault, meant, shown
from rlcalc.numerics.probabilities import SUM_TOLERANCE, chance_of

Where = Callable[[tuple[Any, ...]], str]
Scalar = str | int | float | bool
Label = Annotated[
    Scalar | list[Scalar], Field(description="a name: text, a number, or a flat list")
]
Probability = Annotated[float, Field(gt=0, le=1 + 1e-6)]  # float32 rounds some up
LogProbability = Annotated[FiniteFloat, Field(le=1e-6)]


class Document(BaseModel):
    """The base of all documents: strict types, no unknown keys, immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


class Step(Document):
    """One step: s_t, a_t, r_t, and what else is known about it."""

    state: Label
    action: Label
    reward: FiniteFloat
    next_state: Label | None = None
    terminated: bool = False
    truncated: bool = False
    value: FiniteFloat | None = None
    next_value: FiniteFloat | None = None
    log_prob: LogProbability | None = None
    behaviour_prob: Probability | None = None
    old_log_prob: LogProbability | None = None
    advantage: FiniteFloat | None = None


class Lists(Document):
    """A trajectory in columns: n steps, and n or n + 1 states and values."""

    states: list[Label]
    actions: list[Label]
    rewards: list[FiniteFloat]
    terminated: bool = False
    truncated: bool = False
    trajectory: Label | None = None
    values: list[FiniteFloat] | None = None
    log_probs: list[LogProbability] | None = None
    behaviour_probs: list[Probability] | None = None
    next_values: list[FiniteFloat] | None = None
    old_log_probs: list[LogProbability] | None = None
    advantages: list[FiniteFloat] | None = None

    @model_validator(mode="after")
    def _lengths(self) -> Lists:
        n = len(self.rewards)
        if n == 0:
            raise ValueError("a trajectory with no steps")
        for name, more in LIST_LENGTHS.items():
            values = getattr(self, name)
            if values is not None and not n <= len(values) <= n + more:
                raise ValueError(
                    f"{n} rewards but {len(values)} {name}, expected {n}"
                    + (f" or {n + 1}" if more else "")
                )
        return self


LIST_LENGTHS = {
    "states": 1,
    "actions": 0,
    "values": 1,
    "log_probs": 0,
    "behaviour_probs": 0,
    "next_values": 0,
    "old_log_probs": 0,
    "advantages": 0,
}
"""How many entries more than there are rewards each list may have."""


def trajectory_document_form(trajectory: object) -> Literal["path", "steps", "lists"]:
    """Return which of the three forms a trajectory is written in."""
    if isinstance(trajectory, Mapping | Lists):
        return "lists"
    steps = isinstance(trajectory, list) and trajectory and isinstance(trajectory[0], dict | Step)
    return "steps" if steps else "path"


Path = list[Label]
Trajectory = Annotated[
    Annotated[Path, Tag("path"), Field(description="s1, a1, r1, s2, a2, r2, ..., last state")]
    | Annotated[list[Step], Tag("steps"), Field(min_length=1)]
    | Annotated[Lists, Tag("lists")],
    Discriminator(trajectory_document_form),
]


Chance = Annotated[
    float,
    Field(ge=0, le=1 + SUM_TOLERANCE),
    BeforeValidator(
        chance_of, json_schema_input_type=Annotated[float, Field(ge=0, le=1 + SUM_TOLERANCE)] | str
    ),
    Field(description="a number from 0 to 1, a quotient like 1/3, or a percentage like 50%"),
]
Chances = dict[Scalar, Chance]


class Outcome(Document):
    """One outcome of an action: its next state, its probability and its reward."""

    to: Scalar
    p: Chance = 1.0
    reward: FiniteFloat = 0.0


def _one_or_several(of: str) -> Callable[[object], str]:
    return lambda value: f"<several {of}>" if isinstance(value, list | dict) else f"<one {of}>"


Outcomes = Annotated[
    Annotated[Outcome, Tag("<one outcome>")]
    | Annotated[list[Outcome], Tag("<several outcomes>"), Field(min_length=1)],
    Discriminator(
        lambda value: "<several outcomes>" if isinstance(value, list) else "<one outcome>"
    ),
]
ONLY_ACTION = "step"
"""The name of the one action of each state of a Markov reward process."""


def actions_of_state(value: object) -> object:
    """Return the actions of a state: outcomes without an action are those of `step`.

    >>> actions_of_state({"to": "b", "reward": 1}), actions_of_state({"go": {"to": "b"}})
    ({'step': {'to': 'b', 'reward': 1}}, {'go': {'to': 'b'}})
    """
    outcome = isinstance(value, dict) and not isinstance(value.get("to", {}), dict | list)
    return {ONLY_ACTION: value} if outcome or isinstance(value, list) else value


Actions = Annotated[
    dict[Scalar, Outcomes],
    BeforeValidator(actions_of_state, json_schema_input_type=dict[Scalar, Outcomes] | Outcomes),
]
Choices = Annotated[
    Annotated[Scalar, Tag("<one action>")] | Annotated[Chances, Tag("<several action>")],
    Discriminator(_one_or_several("action")),
]
Beginning = Annotated[
    Annotated[Scalar, Tag("<one state>")] | Annotated[Chances, Tag("<several state>")],
    Discriminator(_one_or_several("state")),
]


Discount = Annotated[float, Field(ge=0, le=1)] | None


def grid_of_states(value: object) -> object:
    """Return a grid as it is written, ROWSxCOLUMNS or {state: [row, column]}.

    Raises:
        ValueError: it is neither.
    """
    cells = list(value.values()) if isinstance(value, dict) else []
    if isinstance(value, str) or (cells and all(map(_is_cell, cells))):
        return value
    raise ValueError(
        f"grid is {as_written(value)}, expected ROWSxCOLUMNS such as 4x12, or {{state: [row, "
        "column], ...}, counted from 0"
    )


def _is_cell(value: object) -> bool:
    """Return whether a value is [row, column], both from 0."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(type(n) is int and 0 <= n < 1 << 20 for n in value)


Grid = Annotated[
    Any,
    BeforeValidator(
        grid_of_states, json_schema_input_type=str | dict[Scalar, tuple[int, int]] | None
    ),
    Field(description="which state is which cell: ROWSxCOLUMNS, or {state: [row, column]}"),
]


class ModelDocument(Document):
    """A Markov decision process: its states, their actions, and the outcomes of these."""

    name: str | None = None
    gamma: Discount = None
    start: Beginning | None = None
    states: Annotated[
        dict[Scalar, Actions],
        Field(min_length=1, description="every state, by its name; one without actions ends"),
    ]
    policy: dict[Scalar, Choices] | None = None
    grid: Grid = None


class PolicyDocument(Document):
    """A policy: in each state an action, or the chances of several; uniform where none is given."""

    name: str | None = None
    policy: dict[Scalar, Choices]


class TrajectoriesDocument(Document):
    """A file of trajectories."""

    name: str | None = None
    gamma: Discount = None
    trajectories: Annotated[list[Trajectory], Field(min_length=1)]


class World(Document):
    """A world that is named instead of listed; each environment adds its own parameters."""

    environment: str
    name: Annotated[str | None, Field(description="the name in the titles of answers")] = None
    gamma: Annotated[Discount, Field(description="discount factor a step; null: 1")] = None
    start: Annotated[
        Beginning | None, Field(description="a state, or {state: p}; null: its own")
    ] = None
    policy: Annotated[
        dict[Scalar, Choices] | None, Field(description="{state: action or {action: p}}")
    ] = None


@dataclass(frozen=True)
class EnvironmentDocument:
    """A document that names a world: its parameters, and their places."""

    parameters: Mapping[str, Any]
    where: Where


class Misplaced(ValueError):
    """A fault of one key of a document that only the whole document shows."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


@cache
def adapter(of: Literal["trajectory", "document", "model", "policy"]) -> TypeAdapter[Any]:
    """Return the validator of a document of trajectories, one trajectory, a model or a policy."""
    kinds: dict[str, Any] = {
        "trajectory": Trajectory,
        "document": TrajectoriesDocument,
        "model": ModelDocument,
        "policy": PolicyDocument,
    }
    return TypeAdapter(kinds[of])


def schema(worlds: Mapping[str, type[World]]) -> dict[str, Any]:
    """Return the JSON Schema of all documents.

    Args:
        worlds: the schema of each named world; a name that ends in ":" is a prefix of names.
    """
    lists = ModelDocument | PolicyDocument | TrajectoriesDocument
    whole: dict[str, Any] = TypeAdapter(lists).json_schema()
    for name, world in worlds.items():
        properties = TypeAdapter(world).json_schema(ref_template="#/$defs/{model}")
        whole["$defs"] |= properties.pop("$defs", {})
        named = {"pattern": f"^{name}"} if name.endswith(":") else {"const": name}
        properties["properties"]["environment"] = {"type": "string", **named}
        properties["required"] = sorted({"environment", *properties.get("required", ())})
        properties["title"] = f"Environment {name}"
        whole["$defs"][properties["title"]] = properties
        whole["anyOf"].append({"$ref": f"#/$defs/{properties['title']}"})
    return whole


def document_path_fault(path: list[Any]) -> str | None:
    """Return the fault of a path s1, a1, r1, ..., or None."""
    if len(path) < 3:
        return "a trajectory with no steps"
    if len(path) % 3 == 2:
        return f"{len(path)} entries, expected state, action, reward, ... and the last state"
    for place in range(2, len(path), 3):
        reward = path[place]
        if not is_finite_number(reward):
            return f"entry {place + 1} is {as_written(reward)}, expected a reward: a finite number"
    return None


def is_finite_number(value: object) -> bool:
    """Return whether a value is a number that a float can be; true and false are not.

    >>> [is_finite_number(value) for value in (1, 0.5, True, "1", 1e999, 10**350)]
    [True, True, False, False, False, False]
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def as_written(value: object) -> str:
    """Return a value as a document writes it, short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    kinds: dict[type, str] = {str: "text ", list: "the list ", dict: "the mapping "}
    return kinds.get(type(value), "") + shown(repr(value), 40)


def without_fields(value: Any, fields: Sequence[str]) -> Any:
    """Return a document of trajectories without some fields of their steps.

    Args:
        value: a trajectory in any form, a list of them, or the whole document.
        fields: of a step, such as `log_prob`, which lists call `log_probs`.
    """
    if isinstance(value, list):
        return [without_fields(part, fields) for part in value]
    if not isinstance(value, dict):
        return value
    left_out = {*fields, *(f"{name}s" for name in fields)}
    return {
        key: without_fields(part, fields) if key == "trajectories" else part
        for key, part in value.items()
        if key not in left_out
    }


def document_faults(
    error: ValidationError, where: Where, *, line: bool = False, known: Iterable[str] = ()
) -> list[Fault]:
    """Return the faults that pydantic found, in our words, one a place.

    Args:
        error: the error that pydantic raised.
        where: gives the place of a value from its path in the document.
        line: the document is one trajectory, as a line of JSONL is.
        known: the keys there are, if they are not those of a document of this module.
    """
    of = error.title
    keys = list(known)
    found = [
        _fault(detail, where, of, line=line, keys=keys)
        for detail in error.errors(include_url=False)
    ]
    return list({fault.where: fault for fault in reversed(found)}.values())[::-1]


def _fault(detail: Any, where: Where, of: str, *, line: bool, keys: list[str]) -> Fault:
    path = tuple(step for step in detail["loc"] if step not in FORM_TAGS)
    union = len(path) and path[-1] in LABEL_TAGS
    path = path[:-1] if union else path
    path = path[:-1] if path and path[-1] == "[key]" else path
    kind, value = detail["type"], detail["input"]
    name = "the document"
    if path:
        is_key = of in MODEL_KINDS and len(path) <= MODEL_KEYS
        entry = isinstance(path[-1], int) and not is_key
        name = (
            f"entry {path[-1] + 1}"
            if entry
            else as_written(path[-1]).removeprefix("text ").strip("'")
        )
    if kind == "extra_forbidden":
        known = keys or _known_keys(path, of, line=line)
        fix = meant(str(path[-1]), known)
        return Fault(f"unknown key {name}", where(path), f"{fix}known: {', '.join(known)}")
    if kind == "missing":
        others = ", ".join(map(shown, value)) if isinstance(value, dict) else ""
        return Fault(f"{name} is missing", where(path[:-1]), f"add {name}; given: {others}")
    if kind == "value_error":
        wrong = detail["ctx"]["error"]
        path = (*path, wrong.key) if isinstance(wrong, Misplaced) else path
        expected_value = str(wrong).partition(", expected ")[2]
        fix = f"write {expected_value}" if expected_value else "leave it out, or fill it in"
        return Fault(str(wrong), where(path), fix)
    if kind == "less_than_equal" and "log_prob" in str(path[-2:]):
        kind = "log_prob"
    expected = EXPECTED.get(kind) or detail["msg"].removeprefix("Input should be ")
    if kind == "model_type" and of in MODEL_KINDS:
        expected = "{to: STATE, p: 1, reward: 0}, or a list of these"
    if union:
        lists = "" if of in MODEL_KINDS else ", or a flat list of them"
        expected = f"a name: text, a number, true, false{lists}"
    fix = FIXES.get(kind) or f"write {expected}"
    if value is None and of == "ModelDocument" and len(path) == 2 and path[0] == "states":
        fix = f"write {name}: {{}} if nothing can be done there, else its actions"
    return Fault(f"{name} is {as_written(value)}, expected {expected}", where(path), fix)


LABEL_TAGS = ("str", "int", "float", "bool", "list[union[str,int,float,bool]]")
FORM_TAGS = (
    "path", "steps", "lists", "<one outcome>", "<several outcomes>", "<one action>",
    "<several action>", "<one state>", "<several state>",
)  # fmt: skip

MODEL_KINDS = ("ModelDocument", "PolicyDocument")
MODEL_KEYS = 3
"""In a model, states.hall.left are keys even if they are numbers; what follows are entries."""

EXPECTED = {
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "model_type": "a mapping of keys to values; a trajectory has one form throughout",
    "dict_type": "a mapping of keys to values",
    "too_short": "at least one entry",
    "greater_than_equal": "a number from 0 to 1",
    "less_than_equal": "a number from 0 to 1",
    "greater_than": "a number above 0 and at most 1",
    "log_prob": "the logarithm of a probability: at most 0",
}

FIXES = {
    "float_type": "write a number, without quotes",
    "bool_type": "write true or false, without quotes",
    "string_type": "put it in quotes",
    "list_type": "write [one, two, ...]",
    "dict_type": "write {key: value, ...}",
    "too_short": "add an entry",
}
"""Fixes that say more than what was expected."""


def _known_keys(path: tuple[int | str, ...], of: str, *, line: bool) -> list[str]:
    if of in MODEL_KINDS:
        whole = ModelDocument if of == "ModelDocument" else PolicyDocument
        return list((Outcome if len(path) > 2 else whole).model_fields)
    numbers = sum(isinstance(step, int) for step in path) + line
    models: dict[int, type[Document]] = {0: TrajectoriesDocument, 1: Lists}
    return list(models.get(numbers, Step).model_fields)

"""Layout: which column of a dump holds what, for dumps with one rollout a row.

Dumps of any other shape turn each of their records into rows of these meanings themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

Grouped = Literal["id", "prompt", "runs"]
Derive = Callable[["pl.Expr"], "pl.Expr"]
Row = dict[str, Any]
"""A rollout of a nested dump: group or prompt (neither: the record is the
group), reward by function, and where known step, rollout, advantage, length, truncated, response;
`more` holds what else --reward may name, `question` the prompt where an id says the group.
`scores`, instead of a reward, are several readings of one answer, of which the first counts, and
`filter` names another kind of readings. `task` and `run` say whose ids the groups are; `failed` is
whether the program failed there, `stopped_by` the reason why an answer ended. `turns` are the names
of an agent's actions, one a turn, and `turn_rewards` the reward of each, which sum to that of the
rollout; without them it comes with the last turn. `unscored` allows a row without any reward."""

MEANINGS = (
    "group", "prompt", "response", "step", "rollout", "advantage", "length", "truncated",
    "baseline", "answer", "failed", "stopped_by",
)  # fmt: skip
TEXTS = ("group", "rollout", "prompt", "response", "answer", "failed", "stopped_by")


@dataclass(frozen=True)
class Layout:
    """Where a table of rollouts has what; None: nowhere."""

    reward: tuple[str, ...]
    group: str | None = None  # an id
    prompt: str | None = None
    response: str | None = None
    step: str | None = None
    rollout: str | None = None
    advantage: str | None = None
    length: str | None = None
    truncated: str | None = None
    baseline: str | None = None
    answer: str | None = None  # the final answer; only where it is asked for
    failed: str | None = None  # what went wrong; null: nothing
    stopped_by: str | None = None  # the reason why the response ended
    grouped: Grouped = "id"  # by id, by the prompt's text, or by runs of equal prompts
    restart: bool = False  # ids begin anew at every step
    nan_as_null: bool = False  # the trainer's writer makes null of NaN
    derive: Mapping[str, Derive] = field(default_factory=dict)  # by meaning, from its column
    kinds: Mapping[str, str] = field(default_factory=dict)  # by meaning: text or list
    beside: tuple[str, ...] = ()  # other columns that `derive` reads


@dataclass(frozen=True)
class RunInfo:
    """What a record says of the run that it is from."""

    evaluation: bool = True  # and no training
    status: str | None = None  # how it ended
    scorers: tuple[str, ...] = ()  # the first of which counts
    note: str | None = None  # how its repeats are read


def finite(value: object) -> bool:
    """Return whether a JSON value is a number, and not a flag."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_float(value: float) -> float:
    """Return a number of JSON as a float; infinity for a whole number of hundreds of digits."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf

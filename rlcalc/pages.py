"""Page: a report as data, its sentences, pictures, tables and groups; a renderer writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rlcalc.charts import Chart
from rlcalc.result import Result


@dataclass(frozen=True)
class Table:
    """The rows of an answer, or the first of them, and the command that shows all."""

    title: str
    result: Result
    n_rows: int  # of the answer
    command: str = ""
    is_open: bool = True  # else only its title is seen until it is opened


@dataclass(frozen=True)
class Card:
    """One rollout of a group in full."""

    name: str
    facts: Sequence[tuple[str, str]]  # names and values, such as the reward and the arithmetic
    text: str | None = None  # the response
    cut: int = 0  # characters that are left out of it
    is_right: bool | None = None  # None: it has no reward


@dataclass(frozen=True)
class GroupInFull:
    """One group with its prompt and its rollouts side by side."""

    title: str
    reason: str  # why it is shown
    facts: Sequence[tuple[str, str]]
    cards: Sequence[Card]
    prompt: str | None = None
    cut: int = 0  # characters that are left out of the prompt
    hidden: int = 0  # rollouts that are left out


@dataclass(frozen=True)
class Section:
    """A part of a page under its own heading; what it does not have is left out."""

    name: str  # of its place in the page
    title: str
    sentences: Sequence[str] = ()
    warnings: Sequence[str] = ()  # sentences about what is wrong, or may be
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    groups: Sequence[GroupInFull] = ()


@dataclass(frozen=True)
class Page:
    """A report: a title, what it is about, and its sections in their order."""

    title: str
    kind: str  # of the source: rollouts, trajectories or a model
    sources: Sequence[str]
    sections: Sequence[Section] = field(default=())

"""What a document may say about a language world: its words, their logits, and what is paid for."""

from __future__ import annotations

import re
import signal
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, NoReturn

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from rlcalc.documents import Chance, Chances, Misplaced, Scalar, World, quotient
from rlcalc.errors import InputError, RlcalcError, listed, nearest, shown
from rlcalc.mdp import SUM_TOLERANCE
from rlcalc.policies import decoding

LONGEST = 1_000
"""Tokens that a response may have."""

OVER = "(end)"
"""The state in which nothing more is said; no prompt is called so."""

MARK = "|"
"""What stands between the tokens of a name; no token has it."""


def text_of(name: object) -> str:
    """Return a text that a document may have written without quotes: 2 and true are words too."""
    return str(name).lower() if isinstance(name, bool) else str(name)


def _texts(given: object, what: str) -> list[str]:
    several = given if isinstance(given, list) else [given]
    texts = list(map(text_of, several))
    wrong = any(not isinstance(value, str | int | float) for value in several)
    if wrong or any(MARK in text or text == OVER for text in texts):
        raise ValueError(f"{what} is {given!r}, expected texts without {MARK}, and not {OVER}")
    return texts


def tokens(given: object) -> list[str]:
    """Return a vocabulary: different texts that are not empty.

    Raises:
        ValueError: it is none.
    """
    texts = _texts(given, "vocabulary")
    if len(set(texts)) < len(texts) or "" in texts or len(texts) < 2:
        raise ValueError(f"vocabulary is {given!r}, expected two or more different tokens")
    return texts


def shares(given: object) -> dict[str, float]:
    """Return prompts with their probabilities: alike where they are only listed.

    Raises:
        ValueError: they are no texts, or the probabilities do not sum to 1.
    """
    if not isinstance(given, dict):
        texts = list(dict.fromkeys(_texts(given, "prompts")))
        if not texts:
            raise ValueError("there are no prompts, expected one or more")
        return {text: 1 / len(texts) for text in texts}
    texts = _texts(list(given), "prompts")
    chances = [quotient(p) for p in given.values()]
    numbers = [p for p in chances if isinstance(p, int | float) and 0 <= p <= 1]
    if len(numbers) < len(texts) or abs(sum(numbers) - 1) > SUM_TOLERANCE:
        raise ValueError(f"the probabilities of prompts are {given!r}: make them sum to 1")
    return dict(zip(texts, map(float, numbers), strict=True))


def by_context(given: object) -> dict[str, dict[str, float]]:
    """Return logits by context; null is a token that never comes.

    Raises:
        ValueError: it is no mapping of contexts to mappings of tokens to numbers.
    """
    found: dict[str, dict[str, float]] = {}
    for context, row in given.items() if isinstance(given, dict) else [("", given)]:
        if not isinstance(row, dict):
            raise ValueError(f"logits after {context!r} are {row!r}, expected {{token: number}}")
        for value in row.values():
            number = isinstance(value, int | float) and abs(value) <= 700
            if isinstance(value, bool) or not (value is None or number):
                raise ValueError(f"a logit after {context!r} is {value!r}, expected −700 to 700")
        found[text_of(context)] = {
            text_of(token): -np.inf if v is None else float(v) for token, v in row.items()
        }
    return found


PATIENCE = 5.0
"""Seconds that a regular expression may take for one response."""

SHORT = 12
"""Letters up to which nobody looks at the clock: to set an alarm takes longer than to match."""


def matched(pattern: str, text: str) -> bool:
    """Return whether a regular expression matches a whole text.

    Python's tries every way there is: `(a+)+b` takes minutes for 30 letters. An alarm ends that
    where there are alarms, which is in the main thread, and where nobody else uses them.

    Raises:
        InputError: it takes too long.
    """
    free = threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGALRM")
    if len(text) <= SHORT or not free or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        return re.fullmatch(pattern, text) is not None

    def over(number: int, frame: object) -> NoReturn:
        raise InputError(
            f"the regex {shown(pattern)} takes longer than {PATIENCE:g} s for the response "
            f"'{shown(text)}'",
            fix="write it without a repetition inside another, like (a+)+",
        )

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        return re.fullmatch(pattern, text) is not None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


@dataclass(frozen=True)
class Rule:
    """What a response earns: one of three kinds of rule."""

    kind: Literal["exact", "regex", "table"]
    pattern: str = ""
    table: dict[str, dict[str, float]] | None = None  # prompt → response → reward, else 0

    def reward(self, prompt: str, response: str) -> float:
        """Return what a response to a prompt earns."""
        if self.table is None:
            return float(matched(self.pattern, response))
        return self.table.get(prompt, {}).get(response, 0.0)

    @cached_property
    def turned_over(self) -> float:
        """The least and the largest reward together: r and this less r change places."""
        if self.table is None:
            return 1.0
        rewards = [0.0, *(r for row in self.table.values() for r in row.values())]
        return min(rewards) + max(rewards)


def rule(given: object) -> Rule:
    """Return a rule: {exact: {prompt: answer or answers}}, {regex: pattern} or {table: ...}.

    Raises:
        ValueError: it is none of these.
    """
    kind, what = next(iter(given.items())) if isinstance(given, dict) and given else ("", None)
    if not isinstance(given, dict) or len(given) != 1:
        raise ValueError(f"reward is {given!r}, expected one of exact, regex and table")
    if kind == "regex" and isinstance(what, str):
        try:
            re.compile(what)
        except re.error as error:
            raise ValueError(f"regex {what!r} cannot be read: {error}") from error
        return Rule("regex", pattern=what)
    if kind == "exact" and isinstance(what, dict):
        answers = {text_of(p): _texts(several, "exact") for p, several in what.items()}
        table = {p: dict.fromkeys(several, 1.0) for p, several in answers.items()}
        return Rule("exact", table=table)
    if kind == "table" and isinstance(what, dict):
        return Rule("table", table={text_of(p): _rewards(row) for p, row in what.items()})
    near = nearest(str(kind), ("exact", "regex", "table"))
    raise ValueError(
        f"reward is {given!r}, expected {{exact: {{prompt: answer}}}}, {{regex: pattern}} or "
        "{table: {prompt: {response: reward}}}" + (f"; did you mean {near}?" if near else "")
    )


def _rewards(row: object) -> dict[str, float]:
    if not isinstance(row, dict):
        raise ValueError(f"the rewards of a prompt are {row!r}, expected {{response: reward}}")
    for value in row.values():
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise ValueError(f"a reward is {value!r}, expected a finite number")
    return {text_of(response): float(value) for response, value in row.items()}


Logits = dict[Scalar, dict[Scalar, float | None] | float | None]
"""By context and token; without contexts they are those after any text."""

Paid = dict[Literal["exact", "regex", "table"], Any]


class Parameters(World):
    """What can be said about a language world."""

    environment: str = "language"
    vocabulary: Annotated[
        Any, BeforeValidator(tokens, list[Scalar]), Field(description="the tokens: a list")
    ]
    prompts: Annotated[
        Any,
        BeforeValidator(shares, list[Scalar] | Chances | Scalar),
        Field(description="a list, or {prompt: p}"),
    ]
    reward: Annotated[
        Any,
        BeforeValidator(rule, Paid),
        Field(description="{exact: {prompt: answer}}, {regex: pattern}, {table: ...}"),
    ]
    end: Annotated[
        Scalar | None, Field(description="the token that ends a response; null: only its length")
    ] = None
    horizon: Annotated[int, Field(description="tokens that a response has, at most")] = 3
    follow_ups: Annotated[
        Any,
        BeforeValidator(lambda given: _texts(given, "follow_ups"), list[Scalar] | Scalar),
        Field(description="what the world answers, round by round"),
    ] = ()
    separator: Annotated[str, Field(description="between the tokens of a response")] = ""
    logits: Annotated[
        Any,
        BeforeValidator(by_context, Logits),
        Field(description="{context: {token: number}}: the longest context counts"),
    ] = {}  # noqa: RUF012 (frozen)
    judge: Annotated[Chance, Field(description="how often the reward is turned over")] = 0.0
    level: Annotated[
        Literal["token", "sequence", "turn"],
        Field(description="what an action is: token, sequence or turn"),
    ] = "token"
    temperature: Annotated[float | None, Field(description="of the model's words")] = None
    top_p: Annotated[float | None, Field(description="the nucleus that is kept")] = None
    top_k: Annotated[int | None, Field(description="so many tokens are kept")] = None

    @model_validator(mode="after")
    def _belongs_together(self) -> Parameters:
        key, fault = self._fault()
        if fault:
            raise Misplaced(key, fault)
        return self

    def _fault(self) -> tuple[str, str]:
        """Return what is wrong, and the key of which it is; nothing if nothing is."""
        known = ", ".join(self.vocabulary)
        for context, row in self.logits.items():
            for token in row:
                if token not in self.vocabulary:
                    what = f"there is no token {token!r}, after {context!r}; there are {known}"
                    return "logits", what
            if all(row.get(token, 0.0) == -np.inf for token in self.vocabulary):
                return "logits", f"no token can come after {context!r}"
        if self.end is not None and text_of(self.end) not in self.vocabulary:
            return "end", f"end is {self.end!r}, which is no token; there are {known}"
        if not 1 <= self.horizon <= LONGEST:
            return "horizon", f"horizon is {self.horizon}, expected 1 to {LONGEST:,}"
        if self.level == "sequence" and self.follow_ups:
            return "level", "at the level of sequences there is one response: say turn, or token"
        for name, number in self.asked_of_decoders().items():
            try:
                decoding.number_of(name, number)
            except RlcalcError as error:
                return name.replace("-", "_"), f"{error.faults[0].what}: {error.faults[0].fix}"
        return "reward", self._unpaid()

    def _unpaid(self) -> str:
        """Return what is wrong with a rule that pays a prompt nobody asks, and not one that is."""
        if self.reward.table is None:
            return ""
        asked = [*self.prompts, *self.follow_ups]
        unpaid = [text for text in asked if text not in self.reward.table]
        strange = [text for text in self.reward.table if text not in asked]
        if unpaid and (strange or not self.reward.table):
            near = nearest(unpaid[0], strange)
            return f"no reward is said for the prompt {unpaid[0]!r}" + (
                f"; did you mean it by {near!r}?" if near else f"; there are {listed(strange)}"
            ) * bool(strange)
        return ""

    def asked_of_decoders(self) -> dict[str, float]:
        """Return the number of each decoder that is asked for, in the order of their work."""
        asked = {"temperature": self.temperature, "top-k": self.top_k, "top-p": self.top_p}
        return {name: number for name, number in asked.items() if number is not None}

    def decoding(self) -> decoding.Steps:
        """Return what is done to the model's probabilities: temperature, then top-k, then top-p."""
        asked = self.asked_of_decoders().items()
        return [(name, decoding.number_of(name, number)) for name, number in asked]

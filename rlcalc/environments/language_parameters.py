"""What a document may say about a language world: its words, their logits, and what is paid for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, model_validator

from rlcalc import decoding
from rlcalc.errors import RlcalcError, nearest
from rlcalc.mdp import SUM_TOLERANCE
from rlcalc.spec import World, quotient

LONGEST = 1_000
"""Tokens that a response may have."""

OVER = "(end)"
"""The state in which nothing more is said; no prompt is called so."""

MARK = "|"
"""What stands between the tokens of a name; no token has it."""


def _texts(given: object, what: str) -> list[str]:
    several = given if isinstance(given, list) else [given]
    texts = [text if isinstance(text, str) else repr(text) for text in several]
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
        found[str(context)] = {str(t): -np.inf if v is None else float(v) for t, v in row.items()}
    return found


@dataclass(frozen=True)
class Rule:
    """What a response earns: one of three kinds of rule."""

    kind: Literal["exact", "regex", "table"]
    pattern: str = ""
    table: dict[str, dict[str, float]] | None = None  # prompt → response → reward, else 0

    def reward(self, prompt: str, response: str) -> float:
        """Return what a response to a prompt earns."""
        if self.table is None:
            return float(re.fullmatch(self.pattern, response) is not None)
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
        answers = {str(p): _texts(several, "exact") for p, several in what.items()}
        table = {p: dict.fromkeys(several, 1.0) for p, several in answers.items()}
        return Rule("exact", table=table)
    if kind == "table" and isinstance(what, dict):
        return Rule("table", table={str(p): _rewards(row) for p, row in what.items()})
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
    return {str(response): float(value) for response, value in row.items()}


class Parameters(World):
    """What can be said about a language world."""

    environment: str = "language"
    vocabulary: Annotated[Any, BeforeValidator(tokens)]
    prompts: Annotated[Any, BeforeValidator(shares)]
    reward: Annotated[Any, BeforeValidator(rule)]
    end: str | int | None = None  # the token that ends a response; None: only its length does
    horizon: int = 3  # tokens that a response has, at most
    follow_ups: Annotated[Any, BeforeValidator(lambda given: _texts(given, "follow_ups"))] = ()
    separator: str = ""
    logits: Annotated[Any, BeforeValidator(by_context)] = {}  # noqa: RUF012 (frozen)
    judge: float | str = 0.0  # the probability that the reward is turned over
    level: Literal["token", "sequence", "turn"] = "token"
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> Parameters:
        fault = self._fault()
        if fault:
            raise ValueError(fault)
        return self

    def _fault(self) -> str | None:
        known = ", ".join(self.vocabulary)
        for context, row in self.logits.items():
            for token in row:
                if token not in self.vocabulary:
                    return f"there is no token {token!r}, after {context!r}; there are {known}"
            if all(row.get(token, 0.0) == -np.inf for token in self.vocabulary):
                return f"no token can come after {context!r}"
        if self.end is not None and str(self.end) not in self.vocabulary:
            return f"end is {self.end!r}, which is no token; there are {known}"
        if not 1 <= self.horizon <= LONGEST:
            return f"horizon is {self.horizon}, expected 1 to {LONGEST:,}"
        judge = quotient(self.judge)
        if isinstance(judge, str) or not 0 <= float(judge) <= 1:  # type: ignore[arg-type]
            return f"judge is {judge!r}, expected a probability from 0 to 1"
        if self.level == "sequence" and self.follow_ups:
            return "at the level of sequences there is one response: say turn, or token"
        try:
            self.decoding()
        except RlcalcError as error:
            return f"{error.faults[0].what}: {error.faults[0].fix}"
        return None

    def decoding(self) -> decoding.Steps:
        """Return what is done to the model's probabilities: temperature, then top-k, then top-p."""
        asked = {"temperature": self.temperature, "top-k": self.top_k, "top-p": self.top_p}
        return [
            (name, decoding.number_of(name, number))
            for name, number in asked.items()
            if number is not None
        ]

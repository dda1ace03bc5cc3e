"""The parameters of a language world: tokens, prompts, logits and the rule of the reward."""

from __future__ import annotations

import re
import signal
import threading
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, NoReturn

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from rlcalc.documents import Chance, Chances, Misplaced, Scalar, World, is_finite_number
from rlcalc.errors import InputError, RlcalcError, listed, nearest, shown
from rlcalc.numerics.probabilities import SUM_TOLERANCE, chance_of
from rlcalc.policies import decoding
from rlcalc.policies.named import parameter_of

LONGEST = 1_000
"""Most tokens of a response."""

END_STATE = "(end)"
"""The name of the terminal state, which no prompt may have."""

DELIMITER = "|"
"""The separator of the tokens in the name of a state or action; no token contains it."""


def parameter_text(name: object) -> str:
    """Return the text of a scalar that a document has without quotes: 2 and true are words too."""
    return str(name).lower() if isinstance(name, bool) else str(name)


def _texts(value: object, key: str) -> list[str]:
    items = value if isinstance(value, list) else [value]
    texts = list(map(parameter_text, items))
    wrong = any(not isinstance(item, str | int | float) for item in items)
    if wrong or any(DELIMITER in text or text == END_STATE for text in texts):
        raise ValueError(
            f"{key} is {value!r}, expected texts without {DELIMITER}, other than {END_STATE}"
        )
    return texts


def vocabulary_of(value: object) -> list[str]:
    """Return a vocabulary: different texts that are not empty.

    Raises:
        ValueError: the value is not a vocabulary.
    """
    texts = _texts(value, "vocabulary")
    if len(set(texts)) < len(texts) or "" in texts or len(texts) < 2:
        raise ValueError(f"vocabulary is {value!r}, expected two or more different tokens")
    return texts


def prompt_probabilities(value: object) -> dict[str, float]:
    """Return prompts with their probabilities: uniform where they are only listed.

    Raises:
        ValueError: a prompt is not a text, or the probabilities do not sum to 1.
    """
    if not isinstance(value, dict):
        texts = list(dict.fromkeys(_texts(value, "prompts")))
        if not texts:
            raise ValueError("there are no prompts, expected one or more")
        return {text: 1 / len(texts) for text in texts}
    texts = _texts(list(value), "prompts")
    probabilities = [chance_of(p) for p in value.values()]
    numbers = [p for p in probabilities if isinstance(p, int | float) and 0 <= p <= 1]
    if len(numbers) < len(texts) or abs(sum(numbers) - 1) > SUM_TOLERANCE:
        raise ValueError(f"the prompts are {value!r}, expected probabilities that sum to 1")
    return dict(zip(texts, map(float, numbers), strict=True))


def logits_by_context(value: object) -> dict[str, dict[str, float]]:
    """Return logits by context; null is a token with probability 0.

    Raises:
        ValueError: the value is not a mapping of contexts to mappings of tokens to numbers.
    """
    logits: dict[str, dict[str, float]] = {}
    for context, row in value.items() if isinstance(value, dict) else [("", value)]:
        if not isinstance(row, dict):
            raise ValueError(f"logits after {context!r} are {row!r}, expected {{token: number}}")
        for logit in row.values():
            number = isinstance(logit, int | float) and abs(logit) <= 700
            if isinstance(logit, bool) or not (logit is None or number):
                raise ValueError(f"a logit after {context!r} is {logit!r}, expected −700 to 700")
        logits[parameter_text(context)] = {
            parameter_text(token): -np.inf if v is None else float(v) for token, v in row.items()
        }
    return logits


PATIENCE = 5.0
"""Seconds that a regular expression may take for one response."""

SHORT, FEW = 12, 4
"""Letters, and signs of choice in a pattern, up to which no alarm is set: it would take longer.
Longer texts have as few ways to be matched with fewer signs."""


@lru_cache
def number_of_choices(pattern: str) -> float:
    """Return the number of signs of choice; ∞ if a group is repeated, or may be (`(?x)`)."""
    if re.search(r"\)[*+?{]|\(\?\w*x", pattern):
        return np.inf
    return sum(map(pattern.count, "*+?{|"))


@lru_cache(1 << 16)
def regex_matches(pattern: str, text: str) -> bool:
    """Return whether a regular expression matches a whole text.

    Python's engine backtracks: `(a+)+b` takes minutes for 30 letters, and no other thread runs
    meanwhile. An alarm ends that in the main thread, where no other handler is set, on systems with
    alarms; elsewhere another process matches.

    Raises:
        InputError: the match takes too long.
    """
    if max(len(text), SHORT) ** min(number_of_choices(pattern), FEW + 1) <= SHORT**FEW:
        return re.fullmatch(pattern, text) is not None
    free = threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGALRM")
    try:
        if free and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL:
            return _matches_before_alarm(pattern, text)
        from rlcalc.environments.pattern_process import matches_in_process

        return matches_in_process(pattern, text, PATIENCE)
    except TimeoutError:
        raise InputError(
            f"the regex {shown(pattern)} takes longer than {PATIENCE:g} s for the response "
            f"'{shown(text)}'",
            "reward.regex",
            "remove repetitions inside repetitions, like (a+)+",
        ) from None


def _matches_before_alarm(pattern: str, text: str) -> bool:
    signal.signal(signal.SIGALRM, _over)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        return re.fullmatch(pattern, text) is not None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _over(number: int, frame: object) -> NoReturn:
    raise TimeoutError


@dataclass(frozen=True)
class RewardRule:
    """The rule of the reward: exact answers, a regular expression, or a table."""

    kind: Literal["exact", "regex", "table"]
    pattern: str = ""
    table: dict[str, dict[str, float]] | None = None  # prompt → response → reward, else 0

    def reward(self, prompt: str, response: str) -> float:
        """Return the reward of a response to a prompt."""
        if self.table is None:
            return float(regex_matches(self.pattern, response))
        return self.table.get(prompt, {}).get(response, 0.0)

    @cached_property
    def flipped_sum(self) -> float:
        """The sum of the least and the largest reward: a flipped reward is this minus r."""
        if self.table is None:
            return 1.0
        rewards = [0.0, *(r for row in self.table.values() for r in row.values())]
        return min(rewards) + max(rewards)


def reward_rule(value: object) -> RewardRule:
    """Return a rule: {exact: {prompt: answer or answers}}, {regex: pattern} or {table: ...}.

    Raises:
        ValueError: the value is not a rule.
    """
    kind, content = next(iter(value.items())) if isinstance(value, dict) and value else ("", None)
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f"reward is {value!r}, expected one of exact, regex and table")
    if kind == "regex" and isinstance(content, str):
        try:
            re.compile(content)
        except (re.error, OverflowError) as error:
            raise ValueError(f"regex {shown(content)!r} cannot be read: {error}") from error
        except RecursionError as error:
            raise ValueError(f"regex {shown(content)!r} is nested too deeply") from error
        return RewardRule("regex", pattern=content)
    if kind == "exact" and isinstance(content, dict):
        answers = {parameter_text(p): _texts(texts, "exact") for p, texts in content.items()}
        table = {p: dict.fromkeys(responses, 1.0) for p, responses in answers.items()}
        return RewardRule("exact", table=table)
    if kind == "table" and isinstance(content, dict):
        table = {parameter_text(p): _rewards(row) for p, row in content.items()}
        return RewardRule("table", table=table)
    near = nearest(str(kind), ("exact", "regex", "table"))
    raise ValueError(
        f"reward is {value!r}, expected {{exact: {{prompt: answer}}}}, {{regex: pattern}} or "
        "{table: {prompt: {response: reward}}}" + (f"; did you mean {near}?" if near else "")
    )


def _rewards(row: object) -> dict[str, float]:
    if not isinstance(row, dict):
        raise ValueError(f"the rewards of a prompt are {row!r}, expected {{response: reward}}")
    for value in row.values():
        if not is_finite_number(value):
            raise ValueError(f"a reward is {value!r}, expected a finite number")
    return {parameter_text(response): float(value) for response, value in row.items()}


Logits = dict[Scalar, dict[Scalar, float | None] | float | None]
"""Logits by context and token; without contexts they apply after any text."""

RewardDocument = dict[Literal["exact", "regex", "table"], Any]


class Parameters(World):
    """The parameters of a language world."""

    environment: str = "language"
    vocabulary: Annotated[
        Any, BeforeValidator(vocabulary_of, list[Scalar]), Field(description="the tokens: a list")
    ]
    prompts: Annotated[
        Any,
        BeforeValidator(prompt_probabilities, list[Scalar] | Chances | Scalar),
        Field(description="a list, or {prompt: p}"),
    ]
    reward: Annotated[
        Any,
        BeforeValidator(reward_rule, RewardDocument),
        Field(description="{exact: {prompt: answer}}, {regex: pattern}, {table: ...}"),
    ]
    end: Annotated[
        Scalar | None, Field(description="the token that ends a response; null: only the horizon")
    ] = None
    horizon: Annotated[int, Field(description="most tokens of a response")] = 3
    follow_ups: Annotated[
        Any,
        BeforeValidator(lambda value: _texts(value, "follow_ups"), list[Scalar] | Scalar),
        Field(description="the prompts of later rounds: a list"),
    ] = ()
    separator: Annotated[str, Field(description="text between the tokens of a response")] = ""
    logits: Annotated[
        Any,
        BeforeValidator(logits_by_context, Logits),
        Field(description="{context: {token: number}}: the longest context counts"),
    ] = {}  # noqa: RUF012 (frozen)
    judge: Annotated[Chance, Field(description="probability that the reward is flipped")] = 0.0
    level: Annotated[
        Literal["token", "sequence", "turn"],
        Field(description="what one action is: a token, a sequence or a turn"),
    ] = "token"
    temperature: Annotated[float | None, Field(description="temperature of the tokens")] = None
    top_p: Annotated[
        float | None, Field(description="probability of the nucleus to sample from")
    ] = None
    top_k: Annotated[int | None, Field(description="number of tokens to sample from")] = None

    @model_validator(mode="after")
    def _check_together(self) -> Parameters:
        known = listed(self.vocabulary)
        for context, row in self.logits.items():
            for token in row:
                if token not in self.vocabulary:
                    fault = f"the logits after {context!r} have no token {token!r}; tokens: {known}"
                    raise Misplaced("logits", fault)
            if all(row.get(token, 0.0) == -np.inf for token in self.vocabulary):
                fault = f"no token can come after {context!r}, expected one that is not null"
                raise Misplaced("logits", fault)
        if self.end is not None and parameter_text(self.end) not in self.vocabulary:
            fault = f"end is {self.end!r}, which is not a token; the tokens are {known}"
            raise Misplaced("end", fault)
        if not 1 <= self.horizon <= LONGEST:
            raise Misplaced("horizon", f"horizon is {self.horizon}, expected 1 to {LONGEST:,}")
        if self.level == "sequence" and self.follow_ups:
            fault = "level sequence has one response: use turn or token with follow_ups"
            raise Misplaced("level", fault)
        for name, number in self.decoder_numbers().items():
            try:
                parameter_of(name, number)
            except RlcalcError as error:
                fault = f"{error.faults[0].what}: {error.faults[0].fix}"
                raise Misplaced(name.replace("-", "_"), fault) from error
        self._check_rewards()
        return self

    def _check_rewards(self) -> None:
        """Refuse a prompt without a reward where an unknown prompt has one."""
        if self.reward.table is None:
            return
        prompts = [*self.prompts, *self.follow_ups]
        without = next((text for text in prompts if text not in self.reward.table), None)
        unknown = [text for text in self.reward.table if text not in prompts]
        if without is None or (self.reward.table and not unknown):
            return
        near = nearest(without, unknown)
        fault = f"the reward has no rule for the prompt {without!r}"
        if unknown:
            fault += f"; did you mean {near!r}?" if near else f"; it has {listed(unknown)}"
        raise Misplaced("reward", fault)

    def decoder_numbers(self) -> dict[str, float]:
        """Return the numbers of the decoders that are set, in the order of their application."""
        numbers = {"temperature": self.temperature, "top-k": self.top_k, "top-p": self.top_p}
        return {name: number for name, number in numbers.items() if number is not None}

    def decoding_steps(self) -> decoding.Steps:
        """Return the decoders of the token probabilities: temperature, then top-k, then top-p."""
        numbers = self.decoder_numbers().items()
        return [(name, parameter_of(name, number)) for name, number in numbers]

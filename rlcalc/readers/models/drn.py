"""Storm's DRN: states, their actions and the outcomes of these, a line each.

`storm --prism model.pm --exportbuild model.drn` writes it, and so do Storm's readers of JANI. A
DTMC is a model with one action a state.

Source: https://www.stormchecker.org/documentation/background/languages.html, and Storm's reader
DirectEncodingParser.cpp.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.mdp import MDP
from rlcalc.readers.models.explicit import (
    NO_REWARDS,
    Rows,
    explicit_mdp,
    numbered_lines,
    reward_model,
    value_of,
    wrong_line,
)
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.sources import File

TYPES = ("MDP", "DTMC")
LABEL = re.compile(r'"([^"]+)"|([^\s"]+)')
NO_NAME = "__NOLABEL__"
STATE, ACTION, TRANSITION = "state NUMBER [REWARDS] LABELS", "action NAME [REWARDS]", "STATE : P"
Lines = Iterator[tuple[int, bytes]]


@dataclass
class Header:
    """What stands before @model."""

    type: str = ""
    rewards: list[str] = field(default_factory=list)  # names of the reward models
    n_states: int = 0
    n_choices: int | None = None
    placeholders: dict[bytes, float] = field(default_factory=dict)
    has_rewards: bool = False
    chosen: int | None = None  # the place of the reward model in brackets

    def choose(self, n_rewards: int, request: ReadRequest, file: File) -> None:
        """Choose the reward model, once it is known how many there are.

        PRISM's rewards may have no name, of which the header says nothing.
        """
        if n_rewards != len(self.rewards):
            self.rewards = [f"rew{number}" for number in range(n_rewards)]
        name = reward_model(self.rewards, request, file.at("@reward_models"))
        self.chosen = self.rewards.index(name) if name is not None else None
        self.has_rewards = True

    def value(self, text: bytes) -> float:
        """Return a number, or what a placeholder stands for.

        Raises:
            ValueError: it is neither.
        """
        text = text.strip()
        if not text.startswith(b"$"):
            return value_of(text)
        if text[1:] not in self.placeholders:
            raise ValueError
        return self.placeholders[text[1:]]


def read(file: File, request: ReadRequest) -> MDP:
    """Return the model of a DRN file; the reward of a state is earned by each of its actions.

    Raises:
        InputError: it is cut off, not an MDP or a DTMC, or a line is not as it should be.
    """
    lines = numbered_lines(file)
    header = _header(lines, file)
    rows, labels = Rows(), dict[str, list[int]]()
    of_state, of_pair = array("d"), array("d")
    next_state, probability, pair = rows.next_state, rows.probability, rows.pair
    n_pairs = before = 0
    number = 0
    for number, line in lines:
        if line[:1].isdigit() and n_pairs > before:
            target, _, chance = line.partition(b":")
            try:
                after, share = int(target), header.value(chance)
                next_state.append(after)
            except (ValueError, OverflowError):
                raise wrong_line(file, number, line, TRANSITION) from None
            probability.append(share)
            rows.line.append(number)
            pair.append(n_pairs - 1)
        elif line.startswith(b"state "):
            _require_outcomes(file, rows, len(of_state), n_pairs, before, number)
            before = n_pairs
            rest = _state(line, number, len(of_state), header.n_states, file)
            reward, rest = _reward(rest, line, number, header, request, file)
            for quoted, plain in LABEL.findall(rest.decode(errors="replace")):
                labels.setdefault(quoted or plain, []).append(len(of_state))
            of_state.append(reward)
        elif line.startswith(b"action ") and of_state:
            if n_pairs > before:
                _require_outcomes(file, rows, len(of_state), n_pairs, before, number)
            name, _, rest = line[7:].strip().partition(b" ")
            reward, _ = _reward(rest, line, number, header, request, file)
            of_pair.append(reward)
            rows.state.append(len(of_state) - 1)
            action = name.decode(errors="replace")
            rows.action.append(str(n_pairs - before) if action == NO_NAME else action)
            n_pairs += 1
        elif line and not line.startswith(b"//"):
            raise wrong_line(file, number, line, f"'{STATE}', '{ACTION}' or '{TRANSITION}'")
    _require_outcomes(file, rows, len(of_state), n_pairs, before, number)
    _require_whole(file, header, len(of_state), n_pairs)
    per_pair = np.asarray(of_pair) + np.asarray(of_state)[np.asarray(rows.state, dtype=np.int64)]
    reward_of_rows = per_pair[np.asarray(rows.pair, dtype=np.int64)]
    if not header.has_rewards:
        header.choose(len(header.rewards), request, file)
    notes = [] if header.chosen is not None else [NO_REWARDS]
    return explicit_mdp(rows, reward_of_rows, header.n_states, labels, file, notes=notes)


def _header(lines: Lines, file: File) -> Header:
    header = Header()
    number = 0
    for number, line in lines:
        word, _, rest = line.partition(b":")
        if line == b"@model":
            _require_header(header, number, file)
            return header
        if line in NEXT_LINE:
            number, value = next(lines, (number, b""))
            _take(header, line, value, number, file)
        elif word in (b"@type", b"@value_type"):
            _require_type(header, word, rest.strip(), number, file)
        elif line.startswith(b"$"):
            try:
                header.placeholders[word.strip()[1:]] = header.value(rest)
            except ValueError:
                raise wrong_line(file, number, line, "'$NAME : NUMBER'") from None
        elif line and line != b"@placeholders" and not line.startswith(b"//"):
            raise wrong_line(file, number, line, "a line of the header, such as '@nr_states'")
    raise InputError(
        "the file ends before @model", file.at(f"line {number:,}"), "it was cut off: export it anew"
    )


NEXT_LINE = (b"@parameters", b"@reward_models", b"@nr_states", b"@nr_choices")
"""Keys of the header whose value stands in the next line."""


def _take(header: Header, key: bytes, value: bytes, number: int, file: File) -> None:
    if key == b"@parameters" and value:
        raise _no_numbers(b"parametric", number, file)
    if key == b"@reward_models":
        header.rewards = value.decode(errors="replace").split()
    elif key.startswith(b"@nr_"):
        if not value.isdigit() or len(value) > DIGITS:
            raise wrong_line(file, number, value, "a whole number below 1,000,000,000")
        setattr(header, f"n_{key[4:].decode()}", int(value))


DIGITS = 9
"""Digits of a number of states at most."""


def _require_type(header: Header, key: bytes, value: bytes, number: int, file: File) -> None:
    if key == b"@type":
        header.type = value.decode(errors="replace").upper()
        if header.type not in TYPES:
            what = f"this is a model of the type {shown(header.type)}, which rlcalc does not read"
            raise InputError(what, file.at(f"line {number}"), "give an MDP or a DTMC")
    elif b"interval" in value or b"parametric" in value:
        raise _no_numbers(value, number, file)


def _require_header(header: Header, number: int, file: File) -> None:
    missing = "@type" if not header.type else "@nr_states" if not header.n_states else ""
    if missing:
        where = file.at(f"line {number:,}")
        raise InputError(f"the header has no {missing}", where, "export it anew with Storm")


def _no_numbers(kind: bytes, number: int, file: File) -> InputError:
    return InputError(
        f"its values are {shown(kind.strip().decode(errors='replace'))}, not numbers",
        file.at(f"line {number}"),
        "give the parameters values before the export, or a model without intervals",
    )


def _state(line: bytes, number: int, expected: int, n_states: int, file: File) -> bytes:
    """Return the rest of the line of a state, whose number is the next one."""
    name, _, rest = line[6:].strip().partition(b" ")
    if expected >= n_states:
        raise InputError(
            f"there are more states than the {n_states:,} that @nr_states declares",
            file.at(f"line {number:,}"),
            "export it anew",
        )
    if name != str(expected).encode():
        raise wrong_line(file, number, line, f"'state {expected}': states are numbered in order")
    return rest


def _reward(
    rest: bytes, line: bytes, number: int, header: Header, request: ReadRequest, file: File
) -> tuple[float, bytes]:
    """Return the reward that stands in brackets, 0 if there is none, and what follows."""
    rest = rest.lstrip()
    if not rest.startswith(b"["):
        return 0.0, rest
    inside, bracket, rest = rest[1:].partition(b"]")
    try:
        if not bracket:
            raise ValueError
        values = inside.split(b",")
        if not header.has_rewards:
            header.choose(len(values), request, file)
        index = header.chosen
        if index is None or index >= len(values):
            return 0.0, rest
        return header.value(values[index]), rest
    except InputError:
        raise
    except ValueError:
        raise wrong_line(file, number, line, "rewards as numbers: [1, 0.5]") from None


def _require_outcomes(
    file: File, rows: Rows, n_states: int, n_pairs: int, before: int, number: int
) -> None:
    """Refuse a state without actions, and an action without transitions."""
    if not n_states:
        return
    what = ""
    if n_pairs == before:
        what = f"state {n_states - 1:,} has no action"
    elif not rows.pair or rows.pair[-1] != n_pairs - 1:
        what = f"action {shown(rows.action[-1])} of state {n_states - 1:,} has no transition"
    if what:
        fix = "a state that ends has an action which leads to itself; was the file cut off?"
        raise InputError(what, file.at(f"before line {number + 1:,}"), fix)


def _require_whole(file: File, header: Header, n_states: int, n_pairs: int) -> None:
    declared = {"states": (header.n_states, n_states)}
    if header.n_choices is not None:
        declared["choices"] = (header.n_choices, n_pairs)
    for noun, (expected, n) in declared.items():
        if n != expected:
            raise InputError(
                f"the header declares {expected:,} {noun}, and there are {n:,}",
                file.at(f"@nr_{noun}"),
                "the file was cut off: export it anew",
            )

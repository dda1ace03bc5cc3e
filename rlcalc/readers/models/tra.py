"""PRISM's explicit files: transitions (.tra), and rewards, labels and states beside them.

`prism model.pm -exportmodel model.all` writes them, and Storm has the same with other headers. The
files of a model have one stem: two_dice.tra, two_dice.srew, two_dice.trew, two_dice.lab,
two_dice.sta. A name between stem and suffix is that of the reward model: two_dice.flips.trew.

Source: https://www.prismmodelchecker.org/manual/Appendices/ExplicitModelFiles
"""

from __future__ import annotations

import glob
import os
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rlcalc.errors import InputError, listed, shown
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.readers.compression import COMPRESSED
from rlcalc.readers.models.explicit import (
    NO_REWARD,
    NO_REWARDS,
    Rows,
    explicit_mdp,
    numbered_lines,
    reward_model,
    value_of,
    wrong_line,
)
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.sources import File, opened

REWARDS = (".trans.rew", ".state.rew", ".trew", ".srew", ".rewt", ".rews", ".rew")
LABELS, STATES = ".lab", ".sta"
CHAIN, CHOICES = 3, 4
"""Numbers in the row of a transition: `i j p` of a chain, `i k j p` where there are choices."""
Lines = Iterator[tuple[int, bytes]]


@dataclass
class Table:
    """Rows of whole numbers with one value each, and perhaps a name behind it."""

    numbers: array[int] = field(default_factory=lambda: array("i"))
    value: array[float] = field(default_factory=lambda: array("d"))
    line: array[int] = field(default_factory=lambda: array("q"))
    name: dict[int, str] = field(default_factory=dict)  # of rows that have one

    def columns(self, width: int) -> list[Ints]:
        """Return the columns of whole numbers."""
        table = np.asarray(self.numbers, dtype=np.int64).reshape(-1, width)
        return [table[:, column] for column in range(width)]


def read(file: File, request: ReadRequest) -> MDP:
    """Return the model of a .tra file and of the files beside it.

    The reward of a transition is that of its state and its own: r(s, a, s') = r(s) + r'(s, a, s').

    Raises:
        InputError: a line is not as it should be, the header declares another size, or no rewards
            stand beside it.
    """
    lines = numbered_lines(file)
    declared, width, table = _transitions(lines, file)
    columns = table.columns(width - 1)
    state, after = columns[0], columns[-1]
    choice = columns[1] if width == CHOICES else np.zeros_like(state)
    n_states = declared.get("states", 1 + int(max(state.max(), after.max())))
    _require_declared(declared, state, choice, after, n_states, table, file)
    stem = _stem(file)
    rewards = _reward_files(stem)
    if not rewards and request.columns.get("reward") != NO_REWARD:
        base = os.path.basename(stem or "MODEL")
        raise InputError(
            "there are no rewards beside these transitions",
            file.at(),
            f"put {base}.srew or {base}.trew beside them; without rewards: --columns "
            f"reward={NO_REWARD}",
        )
    name = reward_model(list(rewards), request, file.at())
    reward = np.zeros(len(state))
    for path in rewards.get(name or "", []) if name is not None else []:
        reward += _rewards(path, state, choice, after, n_states, width, request)
    order = np.lexsort((after, choice, state))
    rows = _rows(state[order], choice[order], after[order], table, order)
    labels = _labels(stem, n_states, request)
    values = _values(stem, n_states, request)
    notes = [] if name is not None else [NO_REWARDS]
    return explicit_mdp(rows, reward[order], n_states, labels, file, values, notes)


def _transitions(lines: Lines, file: File) -> tuple[dict[str, int], int, Table]:
    """Return the sizes that the header declares, the width of rows, and the rows."""
    number, header = next(
        ((n, line) for n, line in lines if line and not line.startswith(b"#")), (1, b"")
    )
    words = header.lower().split()
    if words in ([b"ctmc"], [b"ctmdp"], [b"ma"]):
        what = f"this is a {words[0].decode().upper()}, which has rates, not probabilities"
        raise InputError(what, file.at(f"line {number}"), "give an MDP or a DTMC")
    names = {2: ("states", "transitions"), 3: ("states", "choices", "transitions")}
    if words in ([b"dtmc"], [b"mdp"]):
        width, declared = (CHOICES if words == [b"mdp"] else CHAIN), {}
    elif len(words) in names and all(word.isdigit() and len(word) < 10 for word in words):
        declared = dict(zip(names[len(words)], map(int, words), strict=True))
        width = len(words) + 1
    else:
        expected = "'STATES TRANSITIONS', 'STATES CHOICES TRANSITIONS', 'dtmc' or 'mdp'"
        raise wrong_line(file, number, header, expected)
    table = _table(lines, width, file)
    if not len(table.value):
        where = file.at(f"line {number}")
        raise InputError("there are no transitions", where, "a model has at least one")
    return declared, width, table


def _table(lines: Iterable[tuple[int, bytes]], width: int, file: File) -> Table:
    table = Table()
    expected = {2: "STATE", CHAIN: "STATE NEXT", CHOICES: "STATE CHOICE NEXT"}[width]
    for number, line in lines:
        words = line.split()
        if not words or line.startswith(b"#"):
            continue
        try:
            if not width <= len(words) <= width + (width > 2):
                raise ValueError
            numbers = [int(word) for word in words[: width - 1]]
            value = value_of(words[width - 1])
            if min(numbers) < 0:
                raise ValueError
            table.numbers.extend(numbers)
        except (ValueError, OverflowError):
            raise wrong_line(file, number, line, f"'{expected} NUMBER'") from None
        if len(words) > width:
            table.name[len(table.value)] = words[width].decode(errors="replace")
        table.value.append(value)
        table.line.append(number)
    return table


def _require_declared(
    declared: dict[str, int],
    state: Ints,
    choice: Ints,
    after: Ints,
    n_states: int,
    table: Table,
    file: File,
) -> None:
    """Refuse a header that declares more or less than there is, and states with gaps."""
    outside = np.flatnonzero(state >= n_states)
    if len(outside):
        raise InputError(
            f"the state is {state[outside[0]]:,}, and the header declares {n_states:,}",
            file.at(f"line {table.line[outside[0]]:,}"),
            f"states are numbers from 0 to {n_states - 1:,}",
        )
    met = 1 + int(max(state.max(), after.max()))
    if n_states > met or 2 * len(state) < met <= n_states:
        what = (
            f"the header declares {n_states:,}" if n_states > met else f"the largest is {met - 1:,}"
        )
        raise InputError(
            f"not every state has a transition: {what}, and there are {len(state):,} transitions",
            file.at("the header"),
            "states are numbered from 0 without gaps; was the file cut off? export it anew",
        )
    n_choices = len(np.unique(state * (1 + choice.max()) + choice))
    for noun, n in {"choices": n_choices, "transitions": len(state)}.items():
        if declared.get(noun, n) != n:
            raise InputError(
                f"the header declares {declared[noun]:,} {noun}, and there are {n:,}",
                file.at("the header"),
                "the file was cut off: export it anew",
            )


def _rows(state: Ints, choice: Ints, after: Ints, table: Table, order: Ints) -> Rows:
    """Return the transitions in the order of their states and choices, with their names."""
    new = np.append(True, (np.diff(state) != 0) | (np.diff(choice) != 0))
    first = order[new]
    numbers = choice[new].tolist()
    names = [table.name.get(row, str(k)) for row, k in zip(first.tolist(), numbers, strict=True)]
    return Rows(
        pair=_array("i", np.cumsum(new) - 1),
        next_state=_array("i", after),
        probability=_array("d", np.asarray(table.value)[order]),
        line=_array("q", np.asarray(table.line)[order]),
        state=_array("i", state[new]),
        action=names,
    )


def _array(kind: str, values: Ints | Floats) -> array[Any]:
    """Return numbers as an array of Python, without an object for each."""
    numbers: array[Any] = array(kind)
    numbers.frombytes(np.ascontiguousarray(values, dtype=kind).tobytes())
    return numbers


def _stem(file: File) -> str | None:
    """Return the path of a file without its suffix; None: it is not a file."""
    if not os.path.isfile(file.name):
        return None
    stem, suffix = os.path.splitext(file.name)
    return os.path.splitext(stem)[0] if suffix.lower() in COMPRESSED else stem


def _reward_files(stem: str | None) -> dict[str, list[str]]:
    """Return the files of each reward model beside the transitions."""
    models: dict[str, list[str]] = {}
    for path in sorted(glob.glob(f"{glob.escape(stem)}*")) if stem else ():
        rest = path[len(stem or "") :]
        rest = rest.removesuffix(next((s for s in COMPRESSED if rest.endswith(s)), ""))
        suffix = next((s for s in REWARDS if rest.endswith(s)), None)
        name = rest.removesuffix(suffix or "")
        if suffix and (re.fullmatch(r"\.[^/]+|[0-9]+", name) or not name):
            models.setdefault(name.removeprefix(".") or "default", []).append(path)
    return models


def _rewards(
    path: str,
    state: Ints,
    choice: Ints,
    after: Ints,
    n_states: int,
    width: int,
    request: ReadRequest,
) -> Floats:
    """Return what a file of rewards gives to each transition: of its state, or its own."""
    with opened(path, "tra", request.max_size) as file:
        lines = [
            (n, line) for n, line in numbered_lines(file) if line and not line.startswith(b"#")
        ]
        if not lines:
            return np.zeros(len(state))
        of_states = len(lines[-1][1].split()) == 2
        width = 2 if of_states else width
        header = lines[0][1].split()
        is_header = header[0].isdigit() and (
            int(header[0]) == n_states if of_states else len(header) == width - 1
        )
        if is_header:
            declared, n = header[-1], len(lines) - 1
            if declared.isdigit() and int(declared) != n and not (of_states and n == 0):
                raise InputError(
                    f"the header declares {int(declared):,} rewards, and there are {n:,}",
                    file.at(f"line {lines[0][0]}"),
                    "the file was cut off: export it anew",
                )
            lines = lines[1:]
        table = _table(lines, width, file)
        columns = table.columns(width - 1)
        outside = np.flatnonzero((columns[0] >= n_states) | (columns[-1] >= n_states))
        if len(outside):
            raise InputError(
                "a reward of a state that is not there",
                file.at(f"line {table.line[outside[0]]:,}"),
                f"states are numbers from 0 to {n_states - 1:,}",
            )
        choices = columns[1] if width == CHOICES else np.zeros_like(columns[0])
        most = 1 + max(choices.max(initial=0), choice.max(initial=0))
        target, there = (
            (columns[0], state)
            if of_states
            else (
                (columns[0] * most + choices) * n_states + columns[-1],
                (state * most + choice) * n_states + after,
            )
        )
        return _matched(target, there, np.asarray(table.value), table, file)


def _matched(key: Ints, there: Ints, value: Floats, table: Table, file: File) -> Floats:
    """Return the values at keys, 0 where there is none; each key has to be there, once."""
    if not len(key):
        return np.zeros(len(there))
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    twice = np.flatnonzero(np.diff(ranked) == 0)
    strange = np.flatnonzero(~np.isin(key, there)) if len(key) and len(twice) == 0 else twice[:0]
    if len(twice) or (len(strange) and value[strange].any()):
        row = order[twice[0] + 1] if len(twice) else strange[value[strange] != 0][0]
        what = "a second reward of the same" if len(twice) else "a reward of no transition"
        where = file.at(f"line {table.line[row]:,}")
        raise InputError(what, where, "leave it out, or give each transition one reward")
    place = np.minimum(np.searchsorted(ranked, there), len(ranked) - 1)
    matched: Floats = np.where(ranked[place] == there, value[order][place], 0.0)
    return matched


def _labels(stem: str | None, n_states: int, request: ReadRequest) -> dict[str, list[int]]:
    """Return the states of each label, in PRISM's form (1="goal", 5: 1) or Storm's (5 goal)."""
    if not stem or not os.path.isfile(stem + LABELS):
        return {}
    labels: dict[str, list[int]] = {}
    with opened(stem + LABELS, "tra", request.max_size) as file:
        names: dict[str, str] | None = None
        declaring = False
        for number, raw in numbered_lines(file):
            line = raw.decode(errors="replace")
            if declaring or line in ("#DECLARATION", "#END"):
                declaring = line != "#END"
            elif names is None and re.match(r'[0-9]+\s*=\s*"', line):
                names = dict(re.findall(r'([0-9]+)\s*=\s*"([^"]*)"', line))
            elif line and not line.startswith("#"):
                first, *words = line.replace(":", " ", 1).split()
                if not first.isdecimal() or int(first) >= n_states:
                    raise wrong_line(file, number, raw, f"a state from 0 to {n_states - 1:,}")
                for word in words:
                    if names is not None and word not in names:
                        expected = f"the number of a label: {listed(names)}"
                        raise wrong_line(file, number, raw, expected)
                    labels.setdefault(names[word] if names else word, []).append(int(first))
    return labels


def _values(stem: str | None, n_states: int, request: ReadRequest) -> list[str] | None:
    """Return the values of the variables in each state, such as x=1,y=0."""
    if not stem or not os.path.isfile(stem + STATES):
        return None
    values: list[str] = []
    with opened(stem + STATES, "tra", request.max_size) as file:
        names: list[str] = []
        for number, raw in numbered_lines(file):
            line = raw.decode(errors="replace")
            if not line:
                continue
            state, _, inside = line.rpartition(":")
            parts = [part.strip() for part in inside.strip("() ").split(",")]
            if not names:
                names = parts
            elif state.strip() == str(len(values)) and len(parts) == len(names):
                values.append(",".join(map("=".join, zip(names, parts, strict=True))))
            else:
                raise wrong_line(file, number, raw, f"'{len(values)}:(VALUES)', in order")
        if len(values) != n_states:
            raise InputError(
                f"there are {len(values):,} states, and {n_states:,} in the transitions",
                shown(file.at(), 200),
                "export all files of the model anew",
            )
    return values

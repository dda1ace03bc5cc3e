"""Explicit models: states, choices and transitions by number, as Storm and PRISM write them.

Here are the rows of such files and what becomes of them; `drn` and `tra` read the files.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.labels import Labels, Numbers, number_of_label, text_of_label
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.sources import File, line_blocks

NO_REWARD = "none"
"""The name of the reward model by which nothing is earned."""
NO_REWARDS = "the model has no rewards: each is 0"
NOT_NAMES = ("init", "deadlock")
"""Labels that tell where a model starts, and where its author gave no choice."""


@dataclass
class Rows:
    """The transitions of a file, one a line."""

    pair: array[int] = field(default_factory=lambda: array("i"))  # [N] a number in the two below
    next_state: array[int] = field(default_factory=lambda: array("i"))  # [N]
    probability: array[float] = field(default_factory=lambda: array("d"))  # [N]
    line: array[int] = field(default_factory=lambda: array("q"))  # [N] where it stands
    state: array[int] = field(default_factory=lambda: array("i"))  # [K] of a pair
    action: list[str] = field(default_factory=list)  # [K] the name, or the number in its state


def numbered_lines(file: File) -> Iterator[tuple[int, bytes]]:
    """Yield all lines of a file, stripped, each with its number.

    Raises:
        InputError: a line is too long, or the source is cut off.
    """
    for number, block in line_blocks(file):
        for line in block.removesuffix(b"\n").split(b"\n"):
            yield number, line.strip()
            number += 1


def wrong_line(file: File, number: int, line: bytes, expected: str) -> InputError:
    """Return the error of a line that is not as it should be."""
    text = shown(line.decode(errors="replace"), 60)
    return InputError(
        f"the line is {text}" if line else "the line is empty",
        file.at(f"line {number:,}"),
        f"expected {expected}",
    )


def value_of(text: bytes) -> float:
    """Return a number, which may be a quotient.

    Raises:
        ValueError: it is neither.

    >>> value_of(b" 1/4"), value_of(b"1e-3")
    (0.25, 0.001)
    """
    above, slash, below = text.partition(b"/")
    if not slash:
        return float(text)
    try:
        return int(above) / int(below)
    except ArithmeticError:
        raise ValueError from None


def reward_model(names: Sequence[str], request: ReadRequest, where: str) -> str | None:
    """Return the reward model to use: the only one, or that of --columns reward=NAME.

    Args:
        names: of the reward models that there are.
        request: with the --columns of the user.
        where: what errors call the model.

    Returns:
        Its name; None: nothing is earned.

    Raises:
        InputError: there is no such one, or several and none is chosen.
    """
    others = [name for name in request.columns if name != "reward"]
    if others:
        what = f"--columns {shown(others[0])}: these transitions have no columns"
        raise InputError(what, where, "only reward=NAME applies: it chooses a reward model")
    name = request.columns.get("reward")
    if name is None and len(names) > 1:
        raise InputError(
            f"there are {len(names)} reward models: {listed(names)}",
            where,
            f"choose one: --columns reward={shown(names[0])}",
        )
    if name is None:
        return names[0] if names else None
    if name in names:
        return name
    if name == NO_REWARD:
        return None
    known = [*names, NO_REWARD]
    raise InputError(
        f"there is no reward model {shown(name)}", where, f"{meant(name, known)}use {listed(known)}"
    )


def explicit_mdp(
    rows: Rows,
    reward: Floats,
    n_states: int,
    labels: Mapping[str, Sequence[int]],
    file: File,
    values: Sequence[str] | None = None,
    notes: Sequence[str] = (),
) -> MDP:
    """Return the model that transitions by number are.

    Args:
        rows: the transitions.
        reward: [N] of each.
        n_states: S.
        labels: the states of each label; `init` tells where the model starts.
        file: where they stand.
        values: [S] the values of the variables in each state, where they are known.
        notes: of the reader.

    Raises:
        InputError: probabilities do not sum to 1, or a state is none of 0 to S − 1.
    """
    pair, next_state, line = (np.asarray(c) for c in (rows.pair, rows.next_state, rows.line))
    outside = np.flatnonzero((next_state < 0) | (next_state >= n_states))
    if len(outside):
        raise InputError(
            f"the next state is {next_state[outside[0]]:,}, and there are {n_states:,} states",
            file.at(f"line {line[outside[0]]:,}"),
            f"states are numbers from 0 to {n_states - 1:,}",
        )
    if not len(pair):
        raise InputError("there are no transitions", file.at(), "a model has at least one")
    actions = Labels()
    action = actions.encode(_once_a_state(rows))
    model = MDP.from_rows(
        np.asarray(rows.state)[pair],
        action[pair],
        next_state,
        np.asarray(rows.probability),
        reward,
        state_names(n_states, labels, values),
        actions,
        lambda row: f"line {line[row]:,}",
        file.at(),
    )
    model.notes.extend(notes)
    return _with_labels(model, labels)


def _once_a_state(rows: Rows) -> Iterator[str]:
    """Yield the names of the actions; the second of a name in its state is called name:2."""
    times: Counter[str] = Counter()
    before = -1
    for state, name in zip(rows.state, rows.action, strict=True):
        if state != before:
            times.clear()
            before = state
        times[name] += 1
        yield name if times[name] == 1 else f"{name}:{times[name]}"


def state_names(
    n_states: int, labels: Mapping[str, Sequence[int]], values: Sequence[str] | None = None
) -> Labels:
    """Return the names of states: label:number, the label alone where no other state has it.

    A state of several labels has them all, the most frequent first. One without labels is its
    number. Where the values of variables are known, they stand in the place of the number.

    >>> state_names(4, {"done": [1, 2, 3], "six": [3], "five": [1, 2]}).texts
    ['0', 'done:five:1', 'done:five:2', 'done:six']
    """
    kept = {name: states for name, states in labels.items() if name not in NOT_NAMES}
    if not any(kept.values()) and values is None:
        return Numbers(np.arange(n_states))
    of_state: dict[int, list[str]] = {}
    for name in sorted(kept, key=lambda name: -len(kept[name])):
        for state in kept[name]:
            of_state.setdefault(state, []).append(name)
    prefixes = {state: ":".join(names) for state, names in of_state.items()}
    times = Counter(prefixes.values())
    texts = list(values) if values is not None else list(map(str, range(n_states)))
    for state, prefix in prefixes.items():
        alone = times[prefix] == 1 and values is None and number_of_label(prefix) is None
        texts[state] = prefix if alone else f"{prefix}:{texts[state]}"
    names = Labels(map(text_of_label, texts))
    if len(names) < n_states:  # a label looks like the name of another state
        names = Labels(f"{text}:{state}" for state, text in enumerate(texts))
    return names


def _with_labels(model: MDP, labels: Mapping[str, Sequence[int]]) -> MDP:
    from dataclasses import replace

    sets: dict[str, Ints] = {
        name: np.unique(np.asarray(states, dtype=np.int64)) for name, states in labels.items()
    }
    first = sets.get("init", np.zeros(0, dtype=np.int64))
    start = None
    if len(first):
        start = np.zeros(model.n_states)
        start[first] = 1 / len(first)
    if len(first) > 1:
        note = f"{len(first):,} states have the label init: each is the first with the same chance"
        model.notes.append(note)
    return replace(model, start=start, state_sets=sets)

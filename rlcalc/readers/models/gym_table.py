"""Gymnasium's table of transitions: P[s][a] = [(probability, next state, reward, terminated), ...].

Gymnasium flags transitions that end an episode, while a model has terminal states. A state that is
entered in both ways gets a terminal twin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rlcalc.documents import Where
from rlcalc.errors import InputError, shown
from rlcalc.labels import Labels, Numbers, encoded_labels
from rlcalc.mdp import MDP

Outcome = tuple[int, int, int, float, float, bool]
"""State, action, next state, probability, reward, terminated."""


def is_gym_table(source: Any) -> bool:
    """Return whether a mapping is a table of transitions: {state: {action: [outcome, ...]}}."""
    if not isinstance(source, Mapping) or not source:
        return False
    state, actions = next(iter(source.items()))
    if _number(state) is None or not isinstance(actions, Mapping):
        return False
    return all(isinstance(outcomes, list | tuple) for outcomes in actions.values())


def place_in_table(path: tuple[Any, ...]) -> str:
    """Return where something stands in a table that is in memory."""
    return f"the table P, {_keys(path)}" if path else "the table P"


def _keys(path: tuple[Any, ...]) -> str:
    return "".join(f"[{shown(key)}]" for key in path)


def mdp_of_gym_table(
    table: Mapping[Any, Any], start: Any = None, where: Where = place_in_table
) -> MDP:
    """Return a table of transitions as a model.

    Args:
        table: P[s][a] = [(probability, next state, reward, terminated), ...], s from 0.
        start: [S] the distribution of the first state, or None.
        where: from the keys of an entry to where it stands.

    Raises:
        InputError: an entry is not as it should be, or probabilities do not sum to 1.
    """
    rows = [row for row in _outcomes(table, where) if row[3]]
    ends = {after for *_, after, _, _, over in rows if over}
    starts = set() if start is None else {int(s) for s in np.flatnonzero(start)}
    non_ending = {after for s, _, after, _, _, over in rows if not over and s not in ends} | starts
    twins = {s: len(table) + index for index, s in enumerate(sorted(ends & non_ending))}
    only_end = ends - non_ending
    kept = [
        (s, a, twins.get(after, after) if over else after, p, r)
        for s, a, after, p, r, over in rows
        if s not in only_end
    ]
    if not kept:
        raise InputError(
            "there are no transitions", where(()), "a model has a state that leads to another"
        )
    state, action, after, probability, reward = map(np.array, zip(*kept, strict=True))
    names = [*map(str, range(len(table))), *(f"{s} (end)" for s in twins)]
    states = Labels(names) if twins else Numbers(np.arange(len(table)))
    (code,), actions = encoded_labels(action.copy())
    mdp = MDP.from_rows(
        state,
        code,
        after,
        probability,
        reward,
        states,
        actions,
        place=lambda entry: f"[{state[entry]}][{action[entry]}]",
        source=where(()),
    )
    if start is None:
        return mdp
    first = np.zeros(len(states))
    first[: len(table)] = np.asarray(start, dtype=np.float64) / np.sum(start)
    return replace(mdp, start=first)


def _outcomes(table: Mapping[Any, Any], where: Where) -> Iterator[Outcome]:
    """Yield the outcomes of a table, each checked."""
    numbers = {_number(state) for state in table}
    if numbers != set(range(len(table))):
        raise InputError(
            f"the states of P are not the numbers 0 to {len(table) - 1:,}",
            where(()),
            "number the states from 0, and list each of them",
        )
    for state, actions in table.items():
        if not isinstance(actions, Mapping):
            raise _wrong(actions, where((state,)), "{action: [outcome, ...]}")
        for action, outcomes in actions.items():
            place = (state, action)
            if _number(action) is None:
                raise _wrong(action, where(place), "an action that is a number from 0")
            if not isinstance(outcomes, list | tuple):
                raise _wrong(outcomes, where(place), "a list of outcomes")
            for outcome in outcomes:
                yield _outcome(state, action, outcome, where, len(table))


def _outcome(state: Any, action: Any, outcome: Any, where: Where, n_states: int) -> Outcome:
    expected = "(probability, next state, reward, terminated)"
    place = (state, action)
    if not isinstance(outcome, list | tuple) or len(outcome) != 4:
        raise _wrong(outcome, where(place), expected)
    chance, after, reward, over = outcome
    number = _number(after)
    if number is None or not number < n_states:
        raise _wrong(after, where(place), f"a next state from 0 to {n_states - 1:,}")
    try:
        if isinstance(over, str) or over not in (0, 1):
            raise ValueError
        return int(state), int(action), number, float(chance), float(reward), bool(over)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(outcome, where(place), expected) from None


def _wrong(entry: Any, where: str, expected: str) -> InputError:
    return InputError(f"there is {shown(repr(entry), 60)}", where, f"expected {expected}")


def _number(label: Any) -> int | None:
    """Return a whole number from 0, which may be written as text; None: it is none."""
    if isinstance(label, str):
        return int(label) if label.isascii() and label.isdecimal() and len(label) < 10 else None
    if isinstance(label, bool) or not isinstance(label, int | np.integer) or label < 0:
        return None
    return int(label)

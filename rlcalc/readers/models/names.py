"""Names in models: from states that a user names to their numbers, and errors about names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rlcalc.documents import Where
from rlcalc.errors import Fault, InputError, UsageError, listed, meant, shown
from rlcalc.labels import Labels, text_of_label
from rlcalc.mdp import MDP


def unknown_name(noun: str, name: str, known: Sequence[str], where: str, more: str = "") -> Fault:
    """Return the fault of a name that is not known, with the nearest known one as its fix."""
    fix = f"{meant(name, known)}there are {listed(known)}{more}"
    return Fault(
        f"there is no {noun} {shown(name)}",
        where,
        fix if known else "leave it out: nothing can be done here",
    )


def repeated_names(names: Iterable[Any], where: Where, *path: Any) -> list[Fault]:
    """Return the fault of names that are one label, such as 1 and "1": none, or one."""
    texts = Counter(map(text_of_label, names))
    twice = next((text for text, times in texts.items() if times > 1), None)
    if twice is None:
        return []
    what = f"there are two by the name {shown(twice)}"
    return [Fault(what, where(path), "rename one, or leave it out")]


def codes_of(names: Sequence[str], labels: Labels, option: str) -> list[int]:
    """Return the numbers of states that a user names with an option.

    Raises:
        InputError: one of them is unknown; the nearest is named.
    """
    for name in names:
        if name not in labels:
            raise InputError.of([unknown_name("state", name, labels.texts, option)])
    return [labels.code(name) for name in names]


def chosen_states(
    mdp: MDP, states: Sequence[object] | None, *, start_only: bool = False
) -> list[int] | None:
    """Return the numbers of the states whose rows are shown; None is all.

    Raises:
        InputError: an unknown state, or no start is known.
        UsageError: both kinds of choice, or an empty one.
    """
    if states is not None and start_only:
        raise UsageError("--states and --start-only do not go together", fix="leave one out")
    if states is not None:
        return codes_of(list(map(text_of_label, states)), mdp.states, "--states")
    if not start_only:
        return None
    if mdp.start is None:
        raise InputError(
            "the model does not say where it starts",
            fix="add start: STATE to it, or name states with --states",
        )
    return [int(state) for state in np.flatnonzero(mdp.start)]


def target_states(mdp: MDP, names: Sequence[object] | None, option: str) -> list[int] | None:
    """Return the numbers of the states of a question.

    `NAME*` is every name that begins so, and the label of a file of Storm or PRISM is its states.

    Raises:
        InputError: an unknown state; the nearest is named.
        UsageError: none are named.
    """
    if names is None:
        return None
    if not names:
        raise UsageError(f"{option} names no state", fix=f"write {option} A,B")
    chosen: list[int] = []
    for text in map(text_of_label, names):
        prefix = text[:-1]
        if text in mdp.state_sets and text not in mdp.states:
            chosen += mdp.state_sets[text].tolist()
            continue
        if text in mdp.states or not text.endswith("*"):
            chosen += codes_of([text], mdp.states, option)
            continue
        matching = [s for s, state in enumerate(mdp.states.texts) if state.startswith(prefix)]
        if not matching:
            fault = f"no state begins with {shown(prefix)}"
            known = mdp.states.texts
            raise InputError(fault, option, f"{meant(prefix, known)}there are {listed(known)}")
        chosen += matching
    return sorted(set(chosen))


def repeated_action(state: object, action: object, where: str) -> InputError:
    """Say that a policy gives two probabilities for one action."""
    return InputError(
        f"action '{shown(action)}' comes twice in state '{shown(state)}'",
        where,
        "a policy has one probability for each; of values by steps to go, choose one step",
    )

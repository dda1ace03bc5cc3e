"""Policies in files: documents and tables of π(a|s)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from rlcalc.documents import Where, adapter, document_faults
from rlcalc.errors import Fault, InputError, listed, meant, shown
from rlcalc.labels import text_of_label
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.probabilities import SUM_TOLERANCE, normalised
from rlcalc.policy import Policy
from rlcalc.readers.models.names import repeated_action, repeated_names, unknown_name
from rlcalc.readers.places import parsed
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.sources import File, only_file, opened


def policy_of(
    entries: Mapping[Any, Any], model: MDP, where: Where, problems: list[Fault]
) -> Floats | None:
    """Return the weights of a policy that names states and actions, or None with the problems.

    States that it does not name are left to the uniform policy.

    Args:
        entries: state → action, or state → {action: probability}.
        model: whose states and actions they should be.
        where: from a path in the document to where that stands.
        problems: takes what is wrong.
    """
    weight = Policy.uniform(model.expected).weight.copy()
    before = len(problems)
    problems += repeated_names(entries, where, "policy")
    for state, choice in entries.items():
        text = text_of_label(state)
        if len(problems) - before == MOST_FAULTS:
            break  # it belongs to another model
        if text not in model.states:
            problems.append(
                unknown_name("state", text, model.states.texts, where(("policy", state)))
            )
            continue
        code = model.states.code(text)
        first, last = int(model.pair_start[code]), int(model.pair_start[code + 1])
        names = [model.actions.texts[a] for a in model.action[first:last]]
        chances = choice if isinstance(choice, Mapping) else {choice: 1.0}
        problems += repeated_names(chances, where, "policy", state)
        weight[first:last] = 0.0
        total = 0.0
        for name, chance in chances.items():
            action = text_of_label(name)
            if action not in names:
                problems.append(_no_action(action, text, names, where(("policy", state, name))))
            else:
                weight[first + names.index(action)] += chance
            total += chance if 0 <= chance <= 1 + SUM_TOLERANCE else np.nan
        if not abs(total - 1) <= SUM_TOLERANCE:
            problems.append(
                Fault(
                    f"the policy's probabilities in state '{shown(text)}' "
                    + ("are not within 0..1" if np.isnan(total) else f"sum to {total:.10g}"),
                    where(("policy", state)),
                    "make them sum to 1; leave the state out for the uniform policy",
                )
            )
    return None if len(problems) > before else _whole(weight, model)


def _no_action(action: str, state: str, names: list[str], where: str) -> Fault:
    has = f"it has {listed(names)}" if names else "it has none: nothing can be done there"
    return Fault(
        f"there is no action {shown(action)} in state {shown(state)}",
        where,
        meant(action, names) + has,
    )


def _whole(weight: Floats, model: MDP) -> Floats:
    kept = model.pair_start[:-1][~model.expected.terminal]
    return normalised(weight, np.concatenate([kept, [model.n_pairs]]))


def load_policy(source: str, model: MDP, request: ReadRequest) -> Floats:
    """Return the weights of a policy that stands in a file of its own.

    Args:
        source: a document with the key policy, or a bare mapping of states to actions; or a table
            with the columns state, action and pi, as `solve` and `estimate` write it.
        model: whose states and actions it names.
        request: how to read it.

    Raises:
        InputError: it is not there, or does not belong to the model.
    """
    with opened(only_file(source, "policy"), request.kind, request.max_size) as file:
        entries, place = _policy_entries(file)
        if not entries:
            raise InputError(
                "the policy names no state",
                file.at(),
                "write state: action, or state: {action: probability}",
            )
    problems: list[Fault] = []
    weight = policy_of(entries, model, place, problems)
    if weight is None:
        raise InputError.of(problems)
    return weight


def read_policy_of_log(source: str) -> dict[str, dict[str, float]]:
    """Return the policy in a file, by the texts of states and actions, without a model.

    Raises:
        InputError: it is not there, or is not a policy.
    """
    with opened(only_file(source, "policy"), None) as file:
        entries, _ = _policy_entries(file)
    return {
        text_of_label(state): {
            text_of_label(action): float(chance)
            for action, chance in (choice if isinstance(choice, Mapping) else {choice: 1.0}).items()
        }
        for state, choice in entries.items()
    }


def _policy_entries(file: File) -> tuple[Mapping[Any, Any], Where]:
    if file.kind not in ("yaml", "json"):
        return read_policy(file), lambda path: file.at(".".join(map(shown, path[1:])))
    value, where = parsed(file, keys=3)
    if isinstance(value, dict) and "rows" in value and "facts" in value:  # what --json writes
        return _policy_rows(value["rows"], file), where
    bare = isinstance(value, dict) and "policy" not in value
    whole = {"policy": value} if bare else value
    if isinstance(whole, dict):
        whole = {key: part for key, part in whole.items() if key in ("name", "policy")}

    def place(path: tuple[int | str, ...]) -> str:
        return where(path[1:] if bare else path)

    try:
        return adapter("policy").validate_python(whole).policy, place
    except ValidationError as error:
        raise InputError.of(document_faults(error, place)) from error


def _policy_rows(rows: list[dict[str, Any]], file: File) -> dict[Any, dict[Any, float]]:
    entries: dict[Any, dict[Any, float]] = {}
    try:
        for row in rows:
            state, action = text_of_label(row["state"]), text_of_label(row["action"])
            choices = entries.setdefault(state, {})
            if action in choices:
                raise repeated_action(state, action, file.at())
            choices[action] = float(row["pi"])
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            "the rows have no columns state, action and pi",
            file.at(),
            "give a table as solve --json writes it",
        ) from error
    return entries


MOST_FAULTS = 5
"""Faults of a policy after which the rest is not looked at: it may have a million states."""


def read_policy(file: File) -> dict[str, dict[str, float]]:
    """Return a policy from a table with the columns state, action and pi."""
    from rlcalc.readers.models.transitions import TransitionTable  # with Polars

    names = {"state": ("state", "s"), "action": ("action", "a"), "pi": ("pi", "probability", "p")}
    rows = TransitionTable(ReadRequest(), names)
    rows.run(file)
    entries: dict[str, dict[str, float]] = {}
    labels = rows.experience
    columns = [rows.columns[name].whole().tolist() for name in names] if rows.columns else []
    for state, action, share in zip(*columns, strict=True):
        choices = entries.setdefault(labels.states.texts[state], {})
        if labels.actions.texts[action] in choices:
            name = labels.actions.texts[action]
            raise repeated_action(labels.states.texts[state], name, file.at())
        choices[labels.actions.texts[action]] = share
    return entries

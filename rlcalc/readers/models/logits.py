"""Logits θ(s,a) of a softmax policy, from a document that names states and actions."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from rlcalc.documents import Where, is_finite_number
from rlcalc.errors import Fault, InputError, shown
from rlcalc.labels import text_of_label
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.readers.models.names import repeated_names, unknown_name
from rlcalc.readers.places import parsed
from rlcalc.readers.sources import opened, resolve_files

EXAMPLE = "write {state: {action: 0.5, ...}, ...}; a pair that is not named has the logit 0"
NUMBER = "write a finite number without quotes; null is −∞: an action that is never taken"


def load_logits(source: str, model: MDP) -> Floats:
    """Return [K] the logits of a file; what it does not name has 0, and null is −∞.

    Args:
        source: YAML or JSON: state → {action: θ(s,a)}, alone or under the key logits.
        model: whose states and actions it names.

    Raises:
        InputError: it is not there, does not belong to the model, or holds no such numbers.
    """
    with opened(resolve_files([source])[0], None) as file:
        if file.kind not in ("yaml", "json"):
            raise InputError(
                f"logits are not read from {file.kind}", file.at(), f"in YAML, {EXAMPLE}"
            )
        document, where = parsed(file, keys=3)
    root: tuple[str, ...] = ()
    if isinstance(document, dict) and set(document) == {"logits"}:
        document, root = document["logits"], ("logits",)
    if not isinstance(document, dict):
        raise InputError("these are not logits", where(root), EXAMPLE)
    logit, problems = np.zeros(model.n_pairs), repeated_names(document, where, *root)
    for name, entries in document.items():
        text = text_of_label(name)
        if text not in model.states:
            problems.append(unknown_name("state", text, model.states.texts, where((*root, name))))
        elif not isinstance(entries, dict):
            problems.append(Fault(f"{shown(text)} has no mapping", where((*root, name)), EXAMPLE))
        else:
            code = model.states.code(text)
            pairs = slice(int(model.pair_start[code]), int(model.pair_start[code + 1]))
            names = [model.actions.texts[a] for a in model.action[pairs]]
            at = partial(_under, where, (*root, name))
            logit[pairs] = _of_state(entries, names, at, problems)
    if problems:
        raise InputError.of(problems)
    return logit


def _under(where: Where, root: tuple[Any, ...], path: tuple[Any, ...]) -> str:
    return where((*root, *path))


def _of_state(
    entries: dict[Any, Any], names: list[str], where: Where, problems: list[Fault]
) -> list[float]:
    """Return the logits of a state's actions, in their order."""
    logits = dict.fromkeys(names, 0.0)
    problems += repeated_names(entries, where)
    for action, value in entries.items():
        label = text_of_label(action)
        if label not in logits:
            problems.append(unknown_name("action", label, names, where((action,))))
        elif not _is_logit(value):
            text = repr(value) if isinstance(value, str) else value
            problems.append(Fault(f"the logit is {shown(text)}", where((action,)), NUMBER))
        else:
            logits[label] = -math.inf if value is None else float(value)
    if names and not any(map(math.isfinite, logits.values())):
        problems.append(Fault("no action is left here", where(()), "give one of them a number"))
    return list(logits.values())


def _is_logit(value: Any) -> bool:
    return value is None or is_finite_number(value)

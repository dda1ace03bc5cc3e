"""Facts: one of an answer by its name, and conditions on them that a pipeline can fail on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlcalc.conditions import Condition
from rlcalc.errors import Fault, InputError, UsageError, listed, meant, shown

Value = str | int | float | bool


def value_of_fact(facts: Mapping[str, Any], name: str, option: str = "--fact") -> Value:
    """Return one fact.

    Args:
        facts: by their names; a fact may have parts, and is None where it has no value.
        name: a name with _ or blanks, or NAME.PART.
        option: the option that names it, for messages.

    Raises:
        UsageError: there is no such fact, or it has parts.
        InputError: it has no value.
    """
    parts = {
        f"{fact}.{part}": value
        for fact, values in facts.items()
        if isinstance(values, Mapping)
        for part, value in values.items()
    }
    known = {**facts, **parts}
    key = name if name in known else name.strip().replace(" ", "_").replace("-", "_")
    if key not in known:
        names = [fact for fact, value in facts.items() if value != {}]
        fix = f"there are {listed(names, most=60)}" if names else "leave the option out"
        what = f"{option}: the answer has no fact {shown(name)}"
        raise UsageError(what, fix=meant(key, known) + fix)
    value = known[key]
    if isinstance(value, Mapping) and value:
        raise UsageError(
            f"{option}: {shown(name)} has several parts",
            fix=f"name one: {listed([f'{key}.{part}' for part in value], most=20)}",
        )
    if value is None or isinstance(value, Mapping):
        raise InputError(
            f"{option}: {shown(name)} has no value in this answer",
            fix="see the facts and notes of the whole answer, without this option",
        )
    fact: Value = value
    return fact


def facts_that_hold(facts: Mapping[str, Any], conditions: Sequence[Condition]) -> list[Fault]:
    """Return a message for each condition that holds.

    Raises:
        UsageError: there is no such fact, or it has parts.
        InputError: it has no value, and nothing can be said.
    """
    values = [value_of_fact(facts, one.column, "--fail-on") for one in conditions]
    return [
        Fault(
            f"{shown(one.column)} is {shown(value)}",
            f"--fail-on '{shown(one)}'",
            "the answer is complete: correct what it is about, or relax the condition",
        )
        for one, value in zip(conditions, values, strict=True)
        if one.keeps(value)
    ]

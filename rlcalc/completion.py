"""Completion: the words that a shell offers for options and arguments, from the registries.

A function takes the word as far as it is typed, and returns whole words; those that begin
otherwise are left out by typer. A registry is imported when Tab is pressed, and not before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

Completion = Callable[[str], list[str]]


def names(known: Iterable[str]) -> Completion:
    """Return what offers the names of a registry."""

    def complete(incomplete: str) -> list[str]:
        return list(known)

    return complete


def listed_names(known: Iterable[str]) -> Completion:
    """Return what offers the names of a registry for the last place of a list: a,b,c."""

    def complete(incomplete: str) -> list[str]:
        before, comma, _ = incomplete.rpartition(",")
        used = before.split(",")
        return [f"{before}{comma}{name}" for name in known if name not in used]

    return complete


def files(incomplete: str) -> list[str]:
    """Return the files and folders of a path that is not complete; a folder ends in its sign."""
    folder, start = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    hidden = start.startswith(".")
    return [
        os.path.join(folder, entry.name) + "/" * entry.is_dir()
        for entry in entries
        if entry.name.startswith(start) and (hidden or not entry.name.startswith("."))
    ]


def sources(incomplete: str) -> list[str]:
    """Return the shipped specs, and files."""
    from rlcalc.readers.shipped_specs import shipped_specs

    return [*shipped_specs(), *files(incomplete)]


def models(incomplete: str) -> list[str]:
    """Return the shipped specs, the environments, and files."""
    return [*specs_and_environments(incomplete), *files(incomplete)]


def specs_and_environments(incomplete: str) -> list[str]:
    """Return the shipped specs and the environments."""
    from rlcalc.environments import WORLDS
    from rlcalc.readers.shipped_specs import shipped_specs

    return list(dict.fromkeys([*shipped_specs(), *WORLDS, "gym:"]))


def policies(incomplete: str) -> list[str]:
    """Return the kinds of policies, what changes one behind a comma, and files."""
    from rlcalc.policies.decoding import DECODERS
    from rlcalc.policies.named import KINDS

    before, comma, _ = incomplete.rpartition(",")
    with_number = ("epsilon", "softmax")
    kinds = [f"{kind}:" if kind in with_number else kind for kind in KINDS] * (not comma)
    decoders = [f"{before}{comma}{decoder}:" for decoder in DECODERS]
    return [*kinds, *decoders, *files(incomplete)]


def topics(incomplete: str) -> list[str]:
    """Return the topics of the manual."""
    from rlcalc import manual

    return [topic.name for topic in manual.topics()]


def corrections(incomplete: str) -> list[str]:
    """Return the corrections of the sampler, with a colon where numbers follow."""
    from rlcalc.objectives.request import CORRECTIONS

    return [f"{name}:" if n_numbers else name for name, n_numbers in CORRECTIONS.items()]


def aggregates(incomplete: str) -> list[str]:
    """Return how a loss sums its tokens."""
    from rlcalc.objectives.convention import AGGREGATES

    return [f"{name}:" if name == "constant" else name for name in AGGREGATES]


def penalties(incomplete: str) -> list[str]:
    """Return the penalties of long responses."""
    from rlcalc.groups.advantages.length_penalty import PENALTIES

    return [penalty.partition(":")[0] + ":" * (":" in penalty) for penalty in PENALTIES]


def critics(incomplete: str) -> list[str]:
    """Return the critics that have a name, and files."""
    if incomplete.startswith("exact:"):
        return [f"exact:{name}" for name in models(incomplete.removeprefix("exact:"))]
    return ["exact:", "ce", "mc", *files(incomplete)]


def behaviours(incomplete: str) -> list[str]:
    """Return the behaviour policies that have a name, usual columns, and files."""
    return ["counts", "behaviour_prob", *files(incomplete)]

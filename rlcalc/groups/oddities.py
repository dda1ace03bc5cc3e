"""Oddities: groups and steps that can be read, but are probably not as they were meant."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rlcalc.errors import listed
from rlcalc.groups.groups import MIXED, Groups
from rlcalc.numerics.arrays import Flags, Ints
from rlcalc.rollouts import Rollouts

MOST = 3
"""Names that a note lists."""


def oddities(groups: Groups) -> tuple[dict[str, int], list[str]]:
    """Return how many there are of each kind, and a note about each kind that there is.

    - `failed_with_gradient`: groups without a success whose rewards differ.
    - `repeated_steps`: steps that stand twice, as in a run that was resumed.
    - those that the reader counted.
    """
    counts: dict[str, int] = dict(groups.rollouts.facts.get("oddities", {}))
    notes: list[str] = []
    failed = np.flatnonzero(failed_with_gradient(groups))
    if len(failed) and not groups.rollouts.facts.get("evaluation"):
        counts["failed_with_gradient"] = len(failed)
    if not groups.tells_right and len(groups.rollouts.scored):
        notes.append(_about_scale(groups))
    elif "failed_with_gradient" in counts:
        notes.append(_about_failed(groups, failed))
    steps = groups.repeated_steps
    if len(steps):
        counts["repeated_steps"] = len(steps)
        notes.append(_about_steps(groups.rollouts, steps))
    return counts, notes


def rollout_oddities(rollouts: Rollouts) -> tuple[Mapping[str, int], list[str]]:
    """Return the oddities with the usual bar of success, for `rlcalc check`."""
    return oddities(Groups(rollouts))


def failed_with_gradient(groups: Groups) -> Flags:
    """Return [K] whether no reward of a group is a success, and yet they differ."""
    failed: Flags = (groups.status == MIXED) & (groups.n_right == 0)
    return failed


def _about_scale(groups: Groups) -> str:
    largest = f"{groups.largest:.6g}"
    return (
        f"no reward reaches --success {groups.success:g}, so pass@k is not known: the largest is "
        f"{largest}; set --success to the smallest reward that is a success, such as "
        f"--success {largest}"
    )


def _about_failed(groups: Groups, failed: Ints) -> str:
    n, bar = len(failed), f"--success {groups.success:g}"
    names = listed([str(groups.rollouts.group[g]) for g in failed[:MOST].tolist()], MOST, n)
    return (
        f"{n:,} {'group fails whole and yet gets' if n == 1 else 'groups fail whole and yet get'} "
        f"gradient ({names}): no reward reaches {bar}, and only shaping, such as a term of the "
        "length, tells the rollouts apart"
    )


def _about_steps(rollouts: Rollouts, steps: Ints) -> str:
    n = len(steps)
    names = listed([rollouts.step[step] for step in steps[:MOST].tolist()], MOST, n)
    return (
        f"{'step' if n == 1 else f'{n:,} steps:'} {names} {'stands' if n == 1 else 'stand'} twice "
        "or more: the same prompts come again, as in a run that was resumed, and all of their "
        "rollouts count"
    )

"""Choice of the groups that a report shows in full: those that do not fit, that vary, or are dead.

Of many that are alike, such as dead groups, some from the first step to the last are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rlcalc.groups.groups import EASY, FLAT, HARD, MIXED, STATUS, Groups
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.reports.sentences import number
from rlcalc.result import Result

EACH = 10
"""Groups of each kind: misfits, varied ones, and dead ones of all statuses."""


@dataclass(frozen=True)
class Chosen:
    """A group that is shown in full, and why."""

    group: int
    reason: str


def chosen_groups(groups: Groups, audit: Result | None) -> list[Chosen]:
    """Return the groups that matter, each once: the largest misfits first, then varied and dead.

    Args:
        groups: with their statuses.
        audit: of the trainer's advantages, if there are any.
    """
    chosen = [*_misfits(groups, audit), *_varied(groups), *_dead(groups)]
    first = {one.group: one for one in reversed(chosen)}
    return [one for one in chosen if first[one.group] is one]


def every_group(groups: Groups) -> list[Chosen]:
    """Return all groups in their order."""
    reasons = [f"dead: {name}" if code in (EASY, HARD, FLAT) else name for code, name in _STATUS]
    return [Chosen(g, reasons[code]) for g, code in enumerate(groups.status.tolist())]


_STATUS = tuple(enumerate(STATUS))


def _misfits(groups: Groups, audit: Result | None) -> list[Chosen]:
    """Return the groups with the largest differences from the convention that fits best."""
    if audit is None or not len(audit):
        return []
    difference = np.abs(audit["advantage"] - audit["trainer_advantage"])
    order = np.argsort(-np.where(np.isfinite(difference), difference, np.inf), kind="stable")
    rollouts = groups.rollouts
    steps = rollouts.step_numbers(rollouts.step_of_group)
    place = {
        key: g for g, key in enumerate(zip(_plain(steps), _plain(rollouts.group), strict=True))
    }
    keys = list(zip(_plain(audit["step"]), _plain(audit["group"]), strict=True))
    reasons: dict[int, str] = {}
    for row in order.tolist():
        group = place[keys[row]]
        if group not in reasons:
            reasons[group] = (
                f"{audit['finding'][row]}: the trainer's advantage is "
                f"{number(float(audit['trainer_advantage'][row]))}, expected "
                f"{number(float(audit['advantage'][row]))}"
            )
        if len(reasons) == EACH:
            break
    return [Chosen(group, reason) for group, reason in reasons.items()]


def _plain(values: object) -> list[object]:
    return list(np.asarray(values).tolist())


def _varied(groups: Groups) -> list[Chosen]:
    """Return mixed groups with the largest standard deviation of the rewards."""
    deviation = groups.for_all(groups.rollouts.scored.deviation(0), 0.0)
    deviation = np.where(groups.status == MIXED, deviation, 0.0)
    order = np.argsort(-deviation, kind="stable")
    order = order[deviation[order] > 0]
    if not len(order):
        return []
    edge = float(deviation[order[:EACH][-1]])
    above = order[deviation[order] > edge * (1 + 1e-9)]
    level = order[len(above) :]
    level = np.sort(level[deviation[level] >= edge * (1 - 1e-9)])
    chosen = [*above.tolist(), *_spread_out(level, EACH - len(above))]
    return [Chosen(g, "rewards vary most") for g in chosen]


def _dead(groups: Groups) -> list[Chosen]:
    """Return some dead groups of each status."""
    by_status: Mapping[str, Ints] = {
        STATUS[code]: np.flatnonzero(groups.status == code) for code in (HARD, FLAT, EASY)
    }
    present = {name: numbers for name, numbers in by_status.items() if len(numbers)}
    each = -(-EACH // max(len(present), 1))
    return [
        Chosen(g, f"dead: {name}")
        for name, numbers in present.items()
        for g in _spread_out(numbers, each)
    ]


def _spread_out(numbers: Ints | Floats, n: int) -> list[int]:
    """Return n of some numbers, from the first to the last."""
    if len(numbers) <= n:
        return [int(one) for one in numbers]
    places = np.linspace(0, len(numbers) - 1, n).round().astype(np.int64)
    return [int(one) for one in numbers[np.unique(places)]]

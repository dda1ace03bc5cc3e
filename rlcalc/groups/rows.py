"""Rows of an answer: one a rollout with its advantages, or one a group with its statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.groups import STATUS, Groups
from rlcalc.groups.origins import origin_columns
from rlcalc.groups.summary import mean_length
from rlcalc.numerics.arrays import Floats, Ints, take_rows
from rlcalc.result import Column
from rlcalc.rollouts import Rollouts


def rollout_rows(groups: Groups, conventions: Mapping[str, Convention]) -> dict[str, Column]:
    """Return a row a rollout, in the order of the source."""
    rollouts = groups.rollouts
    order: Any = slice(None) if rollouts.row is None else np.argsort(rollouts.row)
    group = np.repeat(np.arange(rollouts.n_groups), rollouts.size)[order]
    columns = _identity_columns(rollouts, group, order)
    if len(rollouts.rewards) > 1:
        columns |= {name: Column(reward[order]) for name, reward in rollouts.rewards.items()}
    columns["reward"] = Column(rollouts.reward[order], symbol="r")
    for name, how in conventions.items():
        symbol = "A" if name == "advantage" else ""
        columns[name] = Column(advantages(rollouts, how)[order], symbol=symbol)
    if rollouts.advantage is not None:
        columns["trainer_advantage"] = Column(rollouts.advantage[order], symbol="A (trainer)")
    if rollouts.length is not None:
        columns["length"] = Column(as_whole_numbers(rollouts.length[order]))
    if rollouts.truncated is not None:
        columns["truncated"] = Column(rollouts.truncated[order])
    named = {name: columns[name].values for name in ("group", "rollout")}
    return columns | origin_columns(rollouts, group, order, named)


def group_rows(groups: Groups, how: Convention) -> dict[str, Column]:
    """Return a row a group, in order of first appearance."""
    rollouts, scored = groups.rollouts, groups.rollouts.scored
    deviation = groups.for_all(np.where(scored.size > how.ddof, scored.deviation(how.ddof), np.nan))
    columns = {
        "step": Column(rollouts.step_numbers(rollouts.step_of_group), "key"),
        "group": Column(rollouts.group, "key"),
        "n": Column(rollouts.size, "count"),
        "mean": Column(groups.for_all(scored.mean), symbol="μ"),
        "std": Column(deviation, symbol="σ"),
        "min": Column(groups.low),
        "max": Column(groups.high),
        "status": Column([STATUS[code] for code in groups.status], "text"),
        "pass_rate": Column(groups.pass_rate),
    }
    if rollouts.length is not None:
        columns["length"] = Column(mean_length(rollouts, rollouts.start))
    every = np.arange(rollouts.n_groups)
    owner = np.repeat(every, rollouts.size)
    return columns | origin_columns(rollouts, every, rollouts.start[:-1], row_of=owner)


def identity_columns(rollouts: Rollouts, order: Any) -> dict[str, Column]:
    """Return the columns that identify a row: step, group and rollout."""
    group = np.repeat(np.arange(rollouts.n_groups), rollouts.size)[order]
    return _identity_columns(rollouts, group, order)


def _identity_columns(rollouts: Rollouts, group: Ints, order: Any) -> dict[str, Column]:
    steps = rollouts.step_of_group[group]
    return {
        "step": Column(rollouts.step_numbers(steps), "key"),
        "group": Column(take_rows(rollouts.group, group), "key"),
        "rollout": Column(take_rows(rollouts.rollout, order), "key"),
    }


def as_whole_numbers(values: Floats) -> Any:
    """Return lengths as whole numbers if all of them are whole."""
    whole = not np.isnan(values).any() and bool((values == np.round(values)).all())
    return values.astype(np.int64) if whole else values

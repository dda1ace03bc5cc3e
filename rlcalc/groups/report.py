"""Rollouts → rows: one a rollout, one a group, one a step; several estimators side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from rlcalc.errors import UsageError, shown
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention, small
from rlcalc.groups.advantages.length_penalty import shaper
from rlcalc.groups.advantages.normalise import centred, divisor
from rlcalc.groups.groups import DEAD, EQUAL, STATUS, Groups
from rlcalc.groups.summary import summary
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Fact, Result
from rlcalc.rollouts import Rollouts

Rows = Literal["rollouts", "groups", "summary"]


@np.errstate(over="ignore", invalid="ignore")
def group(
    rollouts: Rollouts,
    conventions: Mapping[str, Convention],
    rows: Rows = "summary",
    success: float = 1.0,
    tolerance: float = EQUAL,
) -> Result:
    """Return what some rollouts hold.

    Args:
        rollouts: with their rewards.
        conventions: what to estimate advantages by, each with the name of its column.
        rows: one a rollout, one a group, or one a step with the facts of all.
        success: the reward from which a rollout is right.
        tolerance: rewards are equal if they differ by no more, relative to the larger.

    Raises:
        InputError: an estimator needs what is not there.
        UsageError: a number that makes no sense, or there are no such rows.
    """
    groups = Groups(rollouts, success, tolerance)
    for how in conventions.values():
        if how.length_penalty is not None:  # not every answer needs advantages
            shaper(how.length_penalty, success)
            groups.rollouts.scored.lengths("the length penalty")
    how = next(iter(conventions.values()))
    if rows == "summary":
        result = summary(groups, how, basic_facts(groups, conventions))
    elif rows == "groups":
        result = groups_result(groups, how, basic_facts(groups, conventions))
    elif rows == "rollouts":
        result = rollouts_result(groups, conventions)
    else:
        raise UsageError(f"there are no rows {rows!r}", fix="rollouts, groups or summary")
    notes = [*rollouts.notes, *groups.findings()]
    if any(fact.startswith("pass_at") and fact.endswith("_groups") for fact in result.facts):
        notes.append(
            "pass@k is over the groups of at least k rollouts, which are not the same ones for "
            "every k here: no curve to read off"
        )
    if rows == "rollouts":
        notes += too_small(groups, conventions.values())
    return Result(
        result.command, result.title, result.columns, result.facts, notes, result.facts_first
    )


def basic_facts(groups: Groups, conventions: Mapping[str, Convention]) -> dict[str, Fact]:
    """Return what every answer says about its rollouts."""
    rollouts = groups.rollouts
    return {
        "format": rollouts.facts.get("format"),
        "estimator": "; ".join(how.description() for how in conventions.values()),
        "rollouts": len(rollouts),
        "groups": rollouts.n_groups,
        "grouped_by": rollouts.facts.get("grouped_by"),
        "steps": len(rollouts.step),
        "sizes": groups.sizes(),
        "several_rows": rollouts.facts.get("several_rows") or None,
        "torn_lines": rollouts.facts.get("torn_lines") or None,
        "ghosts": None if rollouts.advantage is None else _ghosts(groups),
    }


def _ghosts(groups: Groups) -> int:
    from rlcalc.groups.audit.ghosts import ghost_count  # with all that an audit tries

    return ghost_count(groups)


def rollouts_result(groups: Groups, conventions: Mapping[str, Convention]) -> Result:
    """Return a row a rollout, in the order of the source."""
    rollouts = groups.rollouts
    order: Any = slice(None) if rollouts.row is None else np.argsort(rollouts.row)
    columns = keys(rollouts, order)
    if len(rollouts.rewards) > 1:
        columns |= {name: Column(held[order]) for name, held in rollouts.rewards.items()}
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
    return Result("group", "Rollouts", columns, basic_facts(groups, conventions))


def keys(rollouts: Rollouts, order: Any) -> dict[str, Column]:
    """Return the columns that say which rollout a row is."""
    group = np.repeat(np.arange(rollouts.n_groups), rollouts.size)[order]
    steps = rollouts.step_of_group[group]
    return {
        "step": Column(_steps(rollouts, steps), "key"),
        "group": Column(take_rows(rollouts.group, group), "key"),
        "rollout": Column(take_rows(rollouts.rollout, order), "key"),
    }


def _steps(rollouts: Rollouts, number: Ints) -> Any:
    if None in rollouts.step:
        return [rollouts.step[step] for step in number.tolist()]
    return np.array(rollouts.step)[number]


def take_rows(names: Any, which: Any) -> Any:
    """Return some of the names, whatever holds them."""
    if isinstance(which, slice):
        return names
    return names[which] if isinstance(names, np.ndarray) else names.gather(which)


def as_whole_numbers(values: Floats) -> Any:
    """Return lengths as whole numbers where they are such."""
    fine = not np.isnan(values).any() and bool((values == np.round(values)).all())
    return values.astype(np.int64) if fine else values


def groups_result(groups: Groups, how: Convention, facts: dict[str, Fact]) -> Result:
    """Return a row a group, in order of first appearance."""
    rollouts, scored = groups.rollouts, groups.rollouts.scored
    n = np.maximum(groups.scored, 1)
    deviation = groups.placed(np.where(scored.size > how.ddof, scored.deviation(how.ddof), np.nan))
    columns = {
        "step": Column(_steps(rollouts, rollouts.step_of_group), "key"),
        "group": Column(rollouts.group, "key"),
        "n": Column(rollouts.size, "count"),
        "mean": Column(groups.placed(scored.mean), symbol="μ"),
        "std": Column(deviation, symbol="σ"),
        "min": Column(groups.low),
        "max": Column(groups.high),
        "status": Column([STATUS[code] for code in groups.status], "text"),
        "pass_rate": Column(np.where(groups.scored > 0, groups.right / n, np.nan)),
    }
    if rollouts.length is not None:
        known = ~np.isnan(rollouts.length)
        total = np.add.reduceat(np.where(known, rollouts.length, 0.0), rollouts.start[:-1])
        count = np.add.reduceat(known.astype(np.float64), rollouts.start[:-1])
        columns["length"] = Column(
            np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        )
    counts = np.bincount(groups.status, minlength=len(STATUS))
    dead = {name: int(counts[STATUS.index(name)]) for name in DEAD}
    return Result("group", "Groups", columns, {**facts, "dead_are": dead})


@np.errstate(over="ignore", invalid="ignore")
def why(
    rollouts: Rollouts,
    name: str,
    how: Convention,
    success: float = 1.0,
    tolerance: float = EQUAL,
) -> Result:
    """Return one group in full: each reward and advantage, and the arithmetic between them.

    Args:
        rollouts: with the beginnings of their prompts and responses, where there are texts.
        name: of the group, or STEP/NAME.
        how: the estimator.
        success: the reward from which a rollout is right.
        tolerance: rewards are equal if they differ by no more, relative to the larger.

    Raises:
        UsageError: there is no such group, or there are several.
    """
    groups = Groups(rollouts, success, tolerance)
    number = rollouts.find(name)
    part = slice(int(rollouts.start[number]), int(rollouts.start[number + 1]))
    advantage = advantages(rollouts, how)[part]
    step = rollouts.step[int(rollouts.step_of_group[number])]
    rollout = (
        rollouts.rollout[part]
        if isinstance(rollouts.rollout, np.ndarray)
        else list(rollouts.rollout[part])
    )
    columns = {
        "rollout": Column(rollout, "key"),
        "reward": Column(rollouts.reward[part], symbol="r"),
        "advantage": Column(advantage, symbol="A"),
    }
    arithmetic = _arithmetic(rollouts, part, how)
    if arithmetic:
        columns["arithmetic"] = Column(arithmetic, "text")
    if rollouts.advantage is not None:
        columns["trainer_advantage"] = Column(rollouts.advantage[part], symbol="A (trainer)")
    if rollouts.length is not None:
        columns["length"] = Column(as_whole_numbers(rollouts.length[part]))
    if rollouts.beginning is not None:
        columns["response"] = Column(
            [_start(text, 60) for text in rollouts.beginning[part]], "text"
        )
    scored = rollouts.reward[part][~np.isnan(rollouts.reward[part])]
    question = None if rollouts.question is None else rollouts.question[part.start]
    facts: dict[str, Fact] = {
        "prompt": _start(question, 200),
        "estimator": how.description(),
        "n": part.stop - part.start,
        "mean": float(scored.mean()) if len(scored) else None,
        "std": float(scored.std(ddof=how.ddof)) if len(scored) > how.ddof else None,
        "status": STATUS[int(groups.status[number])],
    }
    title = f"Group {shown(rollouts.group[number])}" + ("" if step is None else f" of step {step}")
    return Result("group", title, columns, facts, [*rollouts.notes, *too_small(groups, [how])])


def too_small(groups: Groups, conventions: Iterable[Convention]) -> list[str]:
    """Return which groups are too small for an estimator, in words."""
    found = []
    for k in {how.k for how in conventions if how.estimator == "pass-k-analytic"}:
        n = int(((groups.scored < k) & (groups.scored > 0)).sum())
        if n:
            found.append(
                f"{n:,} of {len(groups.scored):,} groups have fewer than k = {k} rollouts with a "
                "reward, and pass-k-analytic gives them no advantage; -k says another"
            )
    return found


def _start(text: str | None, most: int) -> str | None:
    return None if text is None else shown(" ".join(text.split()), most)


def _arithmetic(rollouts: Rollouts, part: slice, how: Convention) -> list[str | None]:
    """Return r − μ, or (r − μ) / (σ + ε), with its numbers, for the estimators that are such."""
    plain = how.estimator in ("grpo", "dr-grpo", "rloo") and not how.leave_one_out
    if not plain or how.length_penalty:
        return []
    scored = rollouts.scored
    mean, by = np.full(len(rollouts), np.nan), np.full(len(rollouts), np.nan)
    mean[scored.rollout] = scored.reward - centred(scored, how)
    by[scored.rollout] = divisor(scored, how)
    lines: list[str | None] = []
    for place in range(part.start, part.stop):
        reward = rollouts.reward[place]
        if np.isnan(reward) or np.isnan(mean[place]):
            lines.append(None)
            continue
        top = f"{reward:.6g} − {mean[place]:.6g}"
        if how.estimator == "rloo":
            n = int((~np.isnan(rollouts.reward[part])).sum())
            lines.append(f"{n}/{max(n - 1, 1)} · ({top})")
        elif how.estimator == "dr-grpo" or how.scale == "none":
            lines.append(top)
        else:
            lines.append(f"({top}) / ({by[place] - how.epsilon:.6g} + {small(how.epsilon)})")
    return lines


def compared(names: Sequence[str]) -> list[str]:
    """Return the names of columns, one an estimator: no two alike.

    Raises:
        UsageError: one stands there twice.
    """
    if len(set(names)) < len(names):
        raise UsageError(f"--compare {shown(','.join(names))}", fix="name each estimator once")
    return list(names)

"""Pictures of rollouts: rewards, dead groups and prompts by step, histograms, and lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from rlcalc.charts import Axis, Band, Border, Chart
from rlcalc.groups.groups import DEAD, EASY, FLAT, STATUS, Groups
from rlcalc.groups.pass_at_k import is_success
from rlcalc.groups.step_means import StepMeans, ratio
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.bins import bins_of

MOST_STEPS = 500
"""Steps that a line shows."""
MOST_COLUMNS = 60
"""Steps that a map shows side by side; of more, neighbours are drawn together."""
MOST_PROMPTS = 50
"""Prompts that a map shows."""
LEVELS = 12
"""Bins of the rewards in a map."""


def group_charts(groups: Groups) -> list[Chart]:
    """Return the pictures of some rollouts; those by step only where there are two or more.

    Args:
        groups: the groups with their statuses.
    """
    if not len(groups.rollouts.scored):
        return length_charts(groups)
    steps = len(groups.rollouts.step)
    by_step = [reward_chart(groups), share_chart(groups), reward_map(groups)] if steps > 1 else []
    at_once = [] if steps > 1 else [reward_histogram(groups), status_chart(groups)]
    return [*by_step, *at_once, *prompt_maps(groups), *length_charts(groups)]


def step_numbers(groups: Groups) -> Ints:
    """Return [B] the trainer's numbers of the steps, or 0, 1, 2, ... where one is not known."""
    step = groups.rollouts.step
    rising = None not in step and all(a < b for a, b in pairwise(step))  # type: ignore[operator]
    return np.array(step if rising else range(len(step)), dtype=np.int64)


def _thinned(groups: Groups) -> tuple[Ints, str]:
    """Return the steps that a line shows, and a note on the others."""
    n = len(groups.rollouts.step)
    every = -(-n // MOST_STEPS)
    return np.arange(0, n, every), f"every {every}th of {n:,} steps" if every > 1 else ""


def reward_chart(groups: Groups) -> Chart:
    """Return the mean reward of each step with its interval."""
    columns = {name: np.asarray(c.values) for name, c in StepMeans(groups).columns().items()}
    chosen, note = _thinned(groups)
    chosen = chosen[np.isfinite(columns["reward"][chosen])]
    return Chart(
        name="reward",
        title="Mean reward",
        kind="line",
        columns={
            "step": step_numbers(groups)[chosen].tolist(),
            **{n: columns[n][chosen].tolist() for n in ("reward", "reward_low", "reward_high")},
            "groups": columns["groups"][chosen].tolist(),
        },
        x=Axis("step", "step"),
        y=Axis("reward", "mean reward"),
        bands=[Band("reward_low", "reward_high", "95 % interval")],
        note=note or "band: 95 % interval, groups are independent",
    )


def share_chart(groups: Groups) -> Chart:
    """Return pass@1 and the share of dead groups of each step."""
    means, status = StepMeans(groups), groups.status
    several = status <= FLAT
    shares = {
        "pass@1": np.asarray(means.pass_at_1().values),
        "dead groups": means.of_groups((status >= EASY) & several, several),
    }
    chosen, note = _thinned(groups)
    number = step_numbers(groups)
    rows = [
        (int(number[b]), name, float(share[b]))
        for name, share in shares.items()
        for b in chosen.tolist()
        if np.isfinite(share[b])
    ]
    return Chart(
        name="shares",
        title="pass@1 and dead groups",
        kind="line",
        columns=_columns(("step", "of", "share"), rows),
        x=Axis("step", "step"),
        y=Axis("share", "share", limits=(0.0, 1.0)),
        colour=Axis("of", "", "names"),
        note=note,
    )


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
    """Return rows as columns."""
    several = zip(*rows, strict=True) if rows else [()] * len(names)
    return {name: list(column) for name, column in zip(names, several, strict=True)}


def _step_bins(groups: Groups) -> tuple[Ints, Floats, str]:
    """Return [B] the column of each step in a map, the borders of the columns, and a note."""
    number = step_numbers(groups)
    width = -(-len(number) // MOST_COLUMNS)
    place = np.arange(len(number)) // width
    gap = float(np.median(np.diff(number))) if len(number) > 1 else 1.0
    edge = np.append(number[::width], number[-1] + gap).astype(np.float64)
    return place, edge, f"{width} steps in a column" if width > 1 else ""


def reward_map(groups: Groups) -> Chart:
    """Return the share of each reward among the rollouts of a step."""
    rollouts, scored = groups.rollouts, groups.rollouts.scored
    place, edge, note = _step_bins(groups)
    column = np.repeat(place[rollouts.step_of_group[groups.with_reward]], scored.size)
    bins = bins_of(scored.reward, LEVELS)
    n_levels = len(bins.edge) - 1
    shape = (len(edge) - 1, n_levels)
    counts = np.bincount(column * n_levels + bins.place, minlength=shape[0] * n_levels)
    share = counts.reshape(shape) / np.maximum(counts.reshape(shape).sum(1, keepdims=True), 1)
    rows = [
        (*edge[c : c + 2].tolist(), *bins.edge[b : b + 2].tolist(), float(share[c, b]))
        for c, b in np.argwhere(counts.reshape(shape) > 0).tolist()
    ]
    return Chart(
        name="rewards",
        title="Rewards by step",
        kind="map",
        columns=_columns(("step", "step_end", "reward", "reward_end", "share"), rows),
        x=Axis("step", "step", end="step_end"),
        y=Axis("reward", "reward", end="reward_end"),
        colour=Axis("share", "share of the step"),
        note=note,
    )


def reward_histogram(groups: Groups) -> Chart:
    """Return the histogram of the rewards."""
    bins = bins_of(groups.rollouts.scored.reward)
    return Chart(
        name="rewards",
        title="Rewards",
        kind="histogram",
        columns={
            "low": bins.edge[:-1].tolist(),
            "high": bins.edge[1:].tolist(),
            "n": bins.counts().tolist(),
        },
        x=Axis("low", "reward", end="high"),
        y=Axis("n", "rollouts"),
    )


def status_chart(groups: Groups) -> Chart:
    """Return the number of groups of each status."""
    counts = np.bincount(groups.status, minlength=len(STATUS)).tolist()
    names = [f"dead: {name}" if name in DEAD else name for name in STATUS]
    rows = [(name, n) for name, n in zip(names, counts, strict=True) if n]
    return Chart(
        name="status",
        title="Groups by status",
        kind="bars",
        columns=_columns(("status", "n"), rows),
        x=Axis("status", "status", "names"),
        y=Axis("n", "groups"),
    )


def prompt_maps(groups: Groups) -> list[Chart]:
    """Return the pass rate of each prompt by step, the lowest first, if a prompt comes again.

    Of many prompts, those of which there are most groups are drawn.
    """
    rollouts = groups.rollouts
    if len(rollouts.step) < 2 or not rollouts.facts.get("prompts_known", True):
        return []
    place, edge, note = _step_bins(groups)
    known = groups.n_scored > 0
    prompt, column = rollouts.prompt[known], place[rollouts.step_of_group[known]]
    times = np.bincount(prompt)
    if times.max(initial=0) < 2:
        return []
    right, scored = groups.n_right[known], groups.n_scored[known]
    rate = ratio(
        np.bincount(prompt, right).astype(float), np.bincount(prompt, scored).astype(float)
    )
    chosen = np.argsort(-times, kind="stable")[:MOST_PROMPTS]
    chosen = chosen[times[chosen] > 0]
    chosen = chosen[np.argsort(rate[chosen], kind="stable")]
    order = np.full(len(times), -1)
    order[chosen] = np.arange(len(chosen))
    shown = order[prompt] >= 0
    width = len(edge) - 1
    cell, which = np.unique(order[prompt[shown]] * width + column[shown], return_inverse=True)
    shares = ratio(
        np.bincount(which.reshape(-1), right[shown]).astype(np.float64),
        np.bincount(which.reshape(-1), scored[shown]).astype(np.float64),
    )
    names = _prompt_names(groups, chosen)
    columns = [f"{int(low)}" for low in edge[:-1]]
    rows = [
        (columns[c % width], names[c // width], share)
        for c, share in zip(cell.tolist(), shares.tolist(), strict=True)
    ]
    used = {row[0] for row in rows}
    total = int((times > 0).sum())
    hidden = f"{len(chosen):,} of {total:,} prompts, those that come most often"
    notes = [text for text in (hidden if total > len(chosen) else "", note) if text]
    return [
        Chart(
            name="prompts",
            title="Pass rate of the prompts by step, the lowest first",
            kind="map",
            columns=_columns(("step", "prompt", "pass_rate"), rows),
            x=Axis("step", "step", "names", names=[name for name in columns if name in used]),
            y=Axis("prompt", "prompt", "names", names=names),
            colour=Axis("pass_rate", "pass rate", limits=(0.0, 1.0)),
            note="; ".join(notes),
        )
    ]


def _prompt_names(groups: Groups, prompts: Ints) -> list[str]:
    """Return what the source calls some prompts; a name of two of them gets a number."""
    rollouts = groups.rollouts
    known, first = np.unique(rollouts.prompt, return_index=True)
    group = dict(zip(known.tolist(), first.tolist(), strict=True))
    names: dict[str, int] = {}
    several = []
    for number in prompts.tolist():
        name = str(rollouts.group[group[number]])
        names[name] = times = names.get(name, 0) + 1
        several.append(name if times == 1 else f"{name} ({times})")
    return several


def difference_charts(difference: Floats, won: int, lost: int) -> list[Chart]:
    """Return the histogram of the differences between two runs on the same prompts.

    Args:
        difference: [P] of each prompt, at least one.
        won: prompts with a larger mean here.
        lost: prompts with a smaller one.
    """
    bins = bins_of(difference)
    return [
        Chart(
            name="differences",
            title="Differences of the mean rewards of the prompts",
            kind="histogram",
            columns={
                "low": bins.edge[:-1].tolist(),
                "high": bins.edge[1:].tolist(),
                "n": bins.counts().tolist(),
            },
            x=Axis("low", "reward here − reward there", end="high"),
            y=Axis("n", "prompts"),
            borders=[Border(float(difference.mean()), "mean", "x")],
            note=f"{won:,} won, {lost:,} lost, {len(difference) - won - lost:,} tied",
        )
    ]


def length_charts(groups: Groups) -> list[Chart]:
    """Return the histogram of the lengths of right and wrong rollouts, if lengths are known."""
    rollouts = groups.rollouts
    if rollouts.length is None or np.isnan(rollouts.length).all():
        return []
    known = ~np.isnan(rollouts.length)
    right = is_success(rollouts.reward, groups.success)
    unscored = np.isnan(rollouts.reward)
    outcomes: Mapping[str, Flags] = {
        "right": right,
        "wrong": ~right & ~unscored,
        "unscored": unscored,
    }
    bins = bins_of(rollouts.length[known])
    rows = [
        (low, high, name, n)
        for name, of in outcomes.items()
        for (low, high), n in zip(
            pairwise(bins.edge.tolist()), bins.counts(of[known]).tolist(), strict=True
        )
        if n
    ]
    unit = str(rollouts.facts.get("length_unit", "tokens"))
    return [
        Chart(
            name="lengths",
            title="Lengths of right and wrong rollouts",
            kind="histogram",
            columns=_columns(("low", "high", "outcome", "n"), rows),
            x=Axis("low", f"length, {unit}", end="high"),
            y=Axis("n", "rollouts"),
            colour=Axis("outcome", "", "names"),
        )
    ]

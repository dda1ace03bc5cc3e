"""The answer of `rlcalc group`: rows of rollouts, groups or steps, with facts and notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from rlcalc.errors import UsageError
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.length_penalty import penalty_function
from rlcalc.groups.advantages.maxrl import maxrl_warnings
from rlcalc.groups.advantages.pass_k import pass_k_warnings
from rlcalc.groups.groups import EQUAL, Groups
from rlcalc.groups.oddities import oddities
from rlcalc.groups.prompts import Prompts
from rlcalc.groups.rows import group_rows, rollout_rows
from rlcalc.groups.steps import step_rows
from rlcalc.groups.summary import summary
from rlcalc.result import Fact, Result
from rlcalc.rollouts import Rollouts

if TYPE_CHECKING:
    from rlcalc.charts import Chart

Rows = Literal["rollouts", "groups", "prompts", "steps", "summary"]


@np.errstate(over="ignore", invalid="ignore")
def group(
    rollouts: Rollouts,
    conventions: Mapping[str, Convention],
    rows: Rows = "summary",
    success: float = 1.0,
    tolerance: float = EQUAL,
    precision: float | None = None,
) -> Result:
    """Return the rows, facts and notes of some rollouts.

    Args:
        rollouts: with their rewards.
        conventions: for the advantages, each under the name of its column.
        rows: one a rollout, a group, a prompt or a step; `summary`: one a step, with the facts of
            all.
        success: the reward from which a rollout is right.
        tolerance: rewards are equal if they differ by no more, relative to the larger.
        precision: of the summary: the half width of the intervals that are wanted.

    Raises:
        InputError: an estimator needs a column that is missing.
        UsageError: a number is out of range, or the kind of rows is not known.
    """
    groups = Groups(rollouts, success, tolerance)
    for how in conventions.values():
        if how.length_penalty is not None:  # not every answer needs advantages
            penalty_function(how.length_penalty, success)
            groups.rollouts.scored.lengths("the length penalty")
    result = _answer(groups, conventions, rows, precision)
    counts, odd = oddities(groups)
    notes = [*rollouts.notes, *groups.warnings(), *odd, *result.notes]
    if any(fact.startswith("pass_at") and fact.endswith("_groups") for fact in result.facts):
        notes.append(
            "pass@k is over the groups of at least k rollouts; these differ from k to k here, so "
            "do not compare the values as one curve"
        )
    if rows == "rollouts":
        notes += pass_k_warnings(groups, conventions.values())
        notes += maxrl_warnings(groups, conventions.values())

    def charts() -> list[Chart]:
        from rlcalc.groups.charts import group_charts

        return group_charts(groups)

    facts = {**result.facts, "oddities": counts}
    return replace(result, facts=facts, notes=notes, charts=charts)


def _answer(
    groups: Groups, conventions: Mapping[str, Convention], rows: Rows, precision: float | None
) -> Result:
    how = next(iter(conventions.values()))
    facts = report_facts(groups, conventions)
    if rows == "summary":
        return summary(groups, how, facts, precision)
    if rows == "groups":
        facts["dead_are"] = groups.dead_by_status()
        return Result("group", "Groups", group_rows(groups, how), facts)
    if rows == "prompts":
        prompts = Prompts(groups)
        facts |= prompts.facts()
        return Result("group", "Prompts", prompts.columns(), facts, prompts.notes())
    if rows == "rollouts":
        return Result("group", "Rollouts", rollout_rows(groups, conventions), facts)
    if rows == "steps":
        facts["dead_are"] = groups.dead_by_status()
        return Result("group", "Steps", step_rows(groups), facts)
    raise UsageError(
        f"rows {rows!r} are not known",
        fix="use rollouts, groups, prompts, steps or summary for the rows",
    )


def report_facts(groups: Groups, conventions: Mapping[str, Convention]) -> dict[str, Fact]:
    """Return the facts of every answer: format, estimator, sizes, and what the reader counted."""
    rollouts, n_ghosts = groups.rollouts, None
    if rollouts.advantage is not None:
        from rlcalc.groups.audit.ghosts import ghost_count  # loads the audit

        n_ghosts = ghost_count(groups)
    return {
        "format": rollouts.facts.get("format"),
        "estimator": "; ".join(how.description() for how in conventions.values()),
        "rollouts": len(rollouts),
        "groups": rollouts.n_groups,
        "grouped_by": rollouts.facts.get("grouped_by"),
        "steps": len(rollouts.step),
        "sizes": groups.sizes(),
        **rollouts.facts.get("logged", {}),
        "several_rows": rollouts.facts.get("several_rows") or None,
        "torn_lines": rollouts.facts.get("torn_lines") or None,
        "files_left_out": rollouts.facts.get("files_left_out") or None,
        "ghosts": n_ghosts,
    }

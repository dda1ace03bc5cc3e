"""The answer of `rlcalc group --rows branches`, and of `--rows credit`: rows, facts and notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import InputError, UsageError
from rlcalc.groups.branch_credit import BranchCredit
from rlcalc.groups.branches import Branches
from rlcalc.groups.prefix_tree import prefix_trees
from rlcalc.groups.response_units import ResponseUnits, units_of_texts
from rlcalc.numerics.arrays import Flags, Ints, stable_order
from rlcalc.progress import NOW
from rlcalc.result import Fact, Result
from rlcalc.rollouts import Rollouts

if TYPE_CHECKING:
    from rlcalc.charts import Chart

UNKNOWABLE = (
    "logged rollouts do not tell the value of a prefix that one rollout has, what a unit causes, "
    "or where in its own end a rollout earned its reward: new rollouts of a prefix do, and "
    "--plan ERROR counts them"
)


@dataclass(frozen=True)
class BranchRequest:
    """How trees are made, and what is computed of them."""

    credit: bool = False  # a row a rollout, not a branch
    across_steps: bool = False
    leave_one_out: bool = False
    plan: float | None = None

    def __post_init__(self) -> None:
        """Refuse options that change nothing, and a wrong standard error.

        Raises:
            UsageError: with the option.
        """
        if self.plan is not None and not 0 < self.plan < np.inf:
            raise UsageError(
                f"--plan {self.plan:g} is not a standard error above 0",
                fix="use a number in units of the reward, such as --plan 0.1",
            )
        if self.plan is not None and self.credit:
            raise UsageError(
                "--plan counts rollouts of branches, and --rows credit has a row a rollout",
                fix="use --rows branches",
            )
        if self.leave_one_out and not self.credit:
            raise UsageError(
                "--leave-one-out changes nothing for --rows branches",
                fix="use --rows credit, which has a row a rollout",
            )


def branch_report(
    rollouts: Rollouts,
    request: BranchRequest,
    by: str | None = None,
    units: ResponseUnits | None = None,
    only: Flags | None = None,
) -> Result:
    """Return the branches of the trees of prefixes, or the credit of the rollouts.

    Args:
        rollouts: with whole responses, unless the units are known.
        request: what is computed.
        by: words, characters or turns; None: turns where responses have several, else words.
        units: of the responses, where their tokens were read.
        only: [N] the rollouts that are looked at; None: all.

    Raises:
        InputError: there are no responses, or no rewards.
        UsageError: there are no such units.
    """
    there = np.ones(len(rollouts), bool) if only is None else only
    if units is None:
        texts: Any = rollouts.beginning
        if texts is None or texts.null_count() == len(texts):
            raise InputError(
                "there are no responses, which branches are made of",
                fix="give rollouts with their texts in a column such as response",
            )
        there = there & texts.is_not_null().to_numpy()
        units = units_of_texts(by, texts, _differing_prompts(rollouts))
    places, start, group = _trees(rollouts, there, across_steps=request.across_steps)
    NOW.begin(f"comparing {len(places):,} responses")
    values = Branches(rollouts, prefix_trees(places, start, units))
    credit = BranchCredit(values, request.leave_one_out) if request.credit else None
    columns = values.columns(group, request.plan) if credit is None else credit.columns(group)
    facts: dict[str, Fact] = {
        "format": rollouts.facts.get("format"),
        "by": units.name,
        "rollouts": len(places),
        "groups": len(group),
        "steps": len(rollouts.step),
        **values.facts(),
    }
    if request.plan is not None:
        needed = columns["rollouts_needed"].values
        facts |= {"plan": request.plan, "rollouts_needed": int(np.nansum(needed))}
    lacking = int((np.ones(len(rollouts), bool) if only is None else only).sum()) - len(places)
    notes = [
        *rollouts.notes,
        *([f"{lacking:,} rollouts without a reward or a response are left out"] if lacking else []),
        UNKNOWABLE,
    ]
    if request.across_steps and len(rollouts.step) > 1:
        notes.append(
            f"a tree has the rollouts of {len(rollouts.step):,} steps: of several policies"
        )
    title = "Branches" if credit is None else "Credit"

    def charts() -> list[Chart]:
        from rlcalc.groups.branch_charts import branch_charts

        return branch_charts(values, group, units.name)

    return Result("group", title, columns, facts, notes, charts=charts)


def _differing_prompts(rollouts: Rollouts) -> Any:
    """Return the prompts if some group has several, as earlier turns of a chat are; else None."""
    prompts: Any = rollouts.question
    if prompts is None:
        return None
    group = np.repeat(np.arange(rollouts.n_groups), rollouts.size)
    differ = prompts[1:].ne_missing(prompts[:-1]).to_numpy() & (group[1:] == group[:-1])
    return prompts if differ.any() else None


def _trees(rollouts: Rollouts, there: Flags, *, across_steps: bool) -> tuple[Ints, Ints, Ints]:
    """Return [M] rollouts by tree, [K + 1] where each begins, and [K] the first group of each.

    Raises:
        InputError: no rollout has a reward, or prompts are not told apart.
    """
    if across_steps and not rollouts.facts.get("prompts_known", True):
        raise InputError(
            "--across-steps: the source does not tell which groups have one prompt",
            fix="leave it out, or name the column of the prompt with --group COLUMN",
        )
    group = np.repeat(np.arange(rollouts.n_groups), rollouts.size)
    places = np.flatnonzero(there & ~np.isnan(rollouts.reward))
    if not len(places):
        raise InputError(
            "no rollout has a reward and a response", fix="name the column: --reward COLUMN"
        )
    key = (rollouts.prompt if across_steps else np.arange(rollouts.n_groups))[group[places]]
    places = places[stable_order(key, int(key.max()) + 1)]
    key = np.sort(key)
    begin = np.flatnonzero(np.diff(key, prepend=-1))
    return places, np.append(begin, len(places)), group[places[begin]]

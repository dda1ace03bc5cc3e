"""Rollouts: read them, and return their advantages, a comparison or an audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack

from rlcalc.api.arguments import paths_of, paths_or_none, refuse_unused, rollout_request
from rlcalc.api.keywords import RolloutReading, takes
from rlcalc.errors import InputError, UsageError
from rlcalc.progress import NOW

if TYPE_CHECKING:
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.result import Result
    from rlcalc.rollouts import Rollouts


@takes(RolloutReading)
def load_rollouts(source: Any, **reading: Unpack[RolloutReading]) -> Rollouts:
    """Return the rollouts of a source.

    Args:
        source: a path, several in a list, a frame of Polars or pandas, a mapping of columns, a list
            of records, an array [groups, rollouts] of rewards (NaN: none), or Rollouts, which are
            returned as they are.
        **reading: the columns and the format: `rlcalc.readers.rollouts.request`. `origins=True`
            keeps prompts, ids and rows, for the rows of `group`.
    """
    return _rollouts_of(source, rollout_request(**reading))


def _rollouts_of(source: Any, request: RolloutRequest) -> Rollouts:
    from rlcalc.readers.in_memory import frame_of
    from rlcalc.readers.rollouts import load as reader
    from rlcalc.rollouts import Rollouts

    if isinstance(source, Rollouts):
        if not len(source):
            raise InputError("there are no rollouts", fix="give at least one")
        return source
    if getattr(source, "ndim", 0) == 2 and hasattr(source, "dtype"):
        from rlcalc.readers.rollouts.arrays import rollouts_of_rewards

        return rollouts_of_rewards(source)
    frame = frame_of(source)
    if frame is not None:
        return reader.load_frame(frame, request)
    return reader.load(paths_of(source, "Rollouts"), request)


@takes(RolloutReading)
def group(
    source: Any,
    *estimators: str,
    trainer: str | None = None,
    side_by_side: bool | None = None,
    rows: Literal[
        "rollouts", "groups", "prompts", "steps", "branches", "credit", "summary"
    ] = "rollouts",
    by: str | None = None,
    across_steps: bool = False,
    plan: float | None = None,
    precision: float | None = None,
    why: str | None = None,
    success: float = 1.0,
    tolerance: float = 2.0**-23,
    k: int | None = None,
    epsilon: float | None = None,
    ddof: int | None = None,
    scale: Literal["group", "batch", "none"] | None = None,
    leave_one_out: bool = False,
    length_penalty: str | None = None,
    **reading: Unpack[RolloutReading],
) -> Result:
    """Return rollouts with their advantages: `rlcalc.groups.report.group`.

    Args:
        source: and `**reading`, as in `load_rollouts`.
        *estimators: one or several; default the trainer's first, else grpo.
        trainer: the trainer whose conventions apply; default rlcalc's own.
        side_by_side: each estimator has a column of its name, not one column `advantage`; default
            where there are several.
        rows: a row a rollout, a group, a prompt or a step; `summary`: a step too, with the facts
            of all; `branches`: a row a branch of the prefixes that the responses of a group share;
            `credit`: a row a rollout, whose advantage is a sum over its branches.
        by: of branches: tokens, words, characters or turns; default tokens where their ids are
            logged, turns where a response has several, else words.
        across_steps: of branches: one tree of a prompt's rollouts of all steps.
        plan: of branches: count the rollouts that make the standard error of V̂ so small.
        precision: of the summary: how many more prompts, and rollouts of each, the intervals of
            its means need to be of this half width.
        why: the name of one group, or STEP/GROUP: only this group, with the arithmetic.
        success: the smallest reward that counts as success.
        tolerance: rewards are equal if they differ by at most this share of the larger.
        k: of pass-k-analytic; default 4.
        epsilon: added to the standard deviation.
        ddof: of the standard deviation, 0 or 1.
        scale: the standard deviation to divide by.
        leave_one_out: mean and deviation of the others.
        length_penalty: `kimi`, `efficiency` or `overlong:MAX:BUFFER`.
        **reading: as in `load_rollouts`.

    Raises:
        UsageError: a change that the estimator does not use.
    """
    if rows == "branches" or rows == "credit":
        unused = {
            "--estimator": estimators, "--as": trainer, "--why": why, "--epsilon": epsilon,
            "--ddof": ddof, "--scale": scale, "-k": k, "--length-penalty": length_penalty,
            "--success": success != 1.0,
        }  # fmt: skip
        refuse_unused(unused, f"--rows {rows}, which is about r − μ")
        return _branches(source, rows, by, across_steps, leave_one_out, plan, reading)
    if precision is not None:
        from rlcalc.numerics.sample_size import require_half_width

        require_half_width(precision)
        if rows != "summary" or why is not None:
            raise UsageError(
                "--precision is about the means of all rollouts",
                fix="add --rows summary, or leave it out",
            )
    of_branches = {"--by": by, "--across-steps": across_steps, "--plan": plan}
    refuse_unused(of_branches, f"--rows {rows}", "leave it out, or use --rows branches")
    reading = {
        "beginnings": why is not None,
        "prompts": rows == "prompts" and reading.get("group") is None,
        "origins": why is None and rows in ("rollouts", "groups", "prompts"),
        **reading,
    }
    with _rollouts_beside_imports(source, **reading) as rollouts:
        from rlcalc.groups import explain, report
        from rlcalc.groups.advantages.request import ConventionRequest

        request = ConventionRequest(epsilon, ddof, scale, leave_one_out, k, success, length_penalty)
        conventions = request.by_column(estimators, trainer, side_by_side=side_by_side)
        if why is not None:
            how = next(iter(conventions.values()))
            return explain.explain(rollouts(), why, how, success, tolerance)
        whole = rollouts()
        NOW.begin(f"computing {whole.n_groups:,} groups")
        return report.group(whole, conventions, rows, success, tolerance, precision)


def _branches(
    source: Any,
    rows: str,
    by: str | None,
    across_steps: bool,
    leave_one_out: bool,
    plan: float | None,
    reading: RolloutReading,
) -> Result:
    """Return the branches of prefixes, or the credit of rollouts; as in `group`."""
    from rlcalc.api.branches import require_branches, rollouts_with_tokens
    from rlcalc.groups.branch_report import BranchRequest, branch_report

    request = BranchRequest(rows == "credit", across_steps, leave_one_out, plan)
    require_branches(request, by, reading)
    read = rollouts_with_tokens(source, by, reading)
    if read is not None:
        return branch_report(read[0], request, units=read[1])
    texts = replace(rollout_request(**reading), beginnings=True, whole=True)
    return branch_report(_rollouts_of(source, texts), request, by)


@takes(RolloutReading)
def group_against(
    source: Any,
    against: Any,
    *,
    tolerance: float = 2.0**-23,
    confidence: float = 0.95,
    **reading: Unpack[RolloutReading],
) -> Result:
    """Return the paired differences of two runs on the same prompts, a row a prompt.

    Prompts are matched by their text where both runs have it, else by the names of the groups, and
    by these too where `group` names their column: see `rlcalc.groups.against`.

    Args:
        source: and `**reading`, as in `load_rollouts`.
        against: the run to compare with, likewise.
        tolerance: a prompt is tied if its means differ by at most this share of the larger.
        confidence: of the interval of the mean difference.
        **reading: as in `load_rollouts`, for both.

    Raises:
        InputError: no prompt is in both runs.
    """
    from rlcalc.groups.against import compare_runs

    reading = {"prompts": reading.get("group") is None, **reading}
    first, second = (load_rollouts(run, **reading) for run in (source, against))
    return compare_runs(first, second, tolerance, confidence)


@takes(RolloutReading)
def audit(
    source: Any,
    estimator: str | None = None,
    *,
    trainer: str | None = None,
    tolerance: float = 2.0**-23,
    success: float = 1.0,
    k: int | None = None,
    epsilon: float | None = None,
    ddof: int | None = None,
    scale: Literal["group", "batch", "none"] | None = None,
    leave_one_out: bool = False,
    length_penalty: str | None = None,
    **reading: Unpack[RolloutReading],
) -> Result:
    """Return the rollouts whose advantage is not the one that the best convention gives.

    Args:
        source: and `**reading`, as in `load_rollouts`.
        estimator: the estimator to compare the advantages with; default the one that fits best,
            if there is no trainer either.
        trainer: the trainer to compare them with.
        tolerance: rewards are equal if they differ by at most this share of the larger.
        success: and the others, as in `group`.
        k: as in `group`.
        epsilon: as in `group`.
        ddof: as in `group`.
        scale: as in `group`.
        leave_one_out: as in `group`.
        length_penalty: as in `group`.
        **reading: as in `load_rollouts`.

    Raises:
        UsageError: a change that the estimator does not use, or one without an estimator.
    """
    with _rollouts_beside_imports(source, **reading) as rollouts:
        from rlcalc.groups.advantages.length_penalty import penalised
        from rlcalc.groups.advantages.request import ConventionRequest
        from rlcalc.groups.audit import report as audits

        request = ConventionRequest(epsilon, ddof, scale, leave_one_out, k, success, length_penalty)
        if not (estimator or trainer):
            request.require_use(
                "in an audit without --estimator or --as, which tries every convention"
            )
        how = request.convention(estimator, trainer)
        against = replace(how, length_penalty=None) if estimator or trainer else None
        shaped = penalised(rollouts(), how.length_penalty, how.success)
        changed = length_penalty is not None and f"length penalty {length_penalty}"
        return audits.audit(shaped, tolerance, against, changed or None)


@contextmanager
def _rollouts_beside_imports(source: Any, **reading: Any) -> Iterator[Callable[[], Rollouts]]:
    """Read rollouts while modules are imported; yield the function that waits for them."""
    from rlcalc.readers.rollouts.load import loading

    paths = paths_or_none(source)
    if paths is not None:
        with loading(paths, rollout_request(**reading)) as rollouts:
            yield rollouts
    else:
        yield partial(load_rollouts, source, **reading)

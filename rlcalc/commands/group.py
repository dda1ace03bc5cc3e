"""rlcalc group: rollouts of a language model, and the advantages that a trainer gives them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from rlcalc.commands import answer, rows_shown
from rlcalc.engines.process import without_blas
from rlcalc.errors import NotConverged, UsageError, shown
from rlcalc.formats import Format
from rlcalc.options import All, Csv, FormatOption, Head, Json, Output, Quiet, Source

if TYPE_CHECKING:
    from rlcalc.groups.advantages.convention import Convention


class RowsOption(StrEnum):
    """What a row of the answer is."""

    rollouts = "rollouts"
    groups = "groups"
    summary = "summary"


class ScaleOption(StrEnum):
    """Whose standard deviation divides."""

    group = "group"
    batch = "batch"
    none = "none"


def group(
    source: Source = None,
    estimator: Annotated[
        str | None,
        typer.Option(
            help="grpo, dr-grpo, rloo, reinforce, batch, reinforce++, reinforce++-baseline, remax, "
            "opo, gpg, pass-k, pass-k-analytic, maxrl or gdpo. [default: grpo, or the trainer's]",
            metavar="NAME",
        ),
    ] = None,
    as_: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="TRAINER",
            help="Exactly as trl, verl, openrlhf, skyrl, ms-swift, rllm, art, open-instruct, "
            "slime, nemo-rl, areal, prime-rl or tinker does it.",
        ),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Several estimators, in columns side by side."),
    ] = None,
    rows: Annotated[
        RowsOption | None,
        typer.Option(help="What a row is. [default: summary in a table, else rollouts]"),
    ] = None,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit",
            help="Which convention gives the trainer's own advantages; what does not fit, is NaN, "
            "or a ghost: not 0 though all rewards of the group are equal (above 2⁻¹⁸ of the "
            "reward, or 1/16 of the usual advantage). Exit 4 if anything is found.",
        ),
    ] = False,
    why: Annotated[
        str | None,
        typer.Option(metavar="[STEP/]GROUP", help="One group in full, with the arithmetic."),
    ] = None,
    group_: Annotated[
        str | None, typer.Option("--group", metavar="COLUMN", help="What says the group.")
    ] = None,
    reward: Annotated[
        str | None,
        typer.Option(metavar="COLUMN,...", help="The reward, or several that add up."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="W,...", help="What each reward counts for. [default: 1]")
    ] = None,
    advantage: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The trainer's own advantage.")
    ] = None,
    length: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Tokens of the response.")
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The training step; none: steps do not matter."),
    ] = None,
    rollout: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="What says the rollout, if one has several rows; none: every row is one.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Reward of the greedy answer, for remax."),
    ] = None,
    group_size: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Every N rows of a file are a group."),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FORMAT",
            help="trl, verl, verifiers, traces, art, skyrl, nemo-rl, ms-swift, open-instruct, "
            "tinker, rllm, areal, atropos, slime, wandb, inspect, lm-eval or columns; found by "
            "content.",
        ),
    ] = None,
    epsilon: Annotated[
        float | None, typer.Option(metavar="ε", help="Added to the standard deviation.")
    ] = None,
    ddof: Annotated[
        int | None, typer.Option(metavar="0|1", help="1: Σ(r−μ)² / (G−1); 0: / G.")
    ] = None,
    scale: Annotated[
        ScaleOption | None, typer.Option(help="Whose standard deviation divides.")
    ] = None,
    leave_one_out: Annotated[
        bool, typer.Option("--leave-one-out", help="Mean and deviation of the others.")
    ] = False,
    length_penalty: Annotated[
        str | None,
        typer.Option(
            metavar="kimi|efficiency|overlong:MAX:BUFFER",
            help="Shape the rewards by length first.",
        ),
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", metavar="K", help="Of pass-k-analytic. [default: 4]")
    ] = None,
    success: Annotated[
        float, typer.Option(metavar="REWARD", help="From which a rollout is right.")
    ] = 1.0,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="RELATIVE",
            help="Rewards that differ by no more of the larger are equal. [default: 2⁻²³ = 1.2e-7, "
            "a rounding of float32]",
        ),
    ] = None,
    texts: Annotated[
        bool,
        typer.Option(
            "--texts",
            help="Read the responses too: judge noise, and lengths in characters if need be.",
        ),
    ] = False,
    format_: FormatOption = None,
    json: Json = False,
    csv: Csv = False,
    output: Output = None,
    head: Head = None,
    all_: All = False,
    quiet: Quiet = False,
) -> None:
    """Rollouts of a language model: groups, pass@k, advantages, and an audit of the trainer's.

    rlcalc group rollouts/

    rlcalc group completions_00012.parquet --audit

    rlcalc group 'dump/*.jsonl' --compare grpo,dr-grpo,rloo --csv

    rlcalc group log.parquet --group prompt_id --reward correct,format --weights 1,0.2
    """
    without_blas()
    from rlcalc.readers.rollouts.load import loading
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.readers.sources import needs_source
    from rlcalc.renderers import FORMATS, settled_format

    form = settled_format(format_, json=json, csv=csv, output=output)
    most = rows_shown(head, all_=all_)
    answers = {"--audit": audit, "--why": why is not None, "--compare": compare is not None}
    answers["--rows"] = rows is not None
    several = [option for option, given in answers.items() if given]
    if compare is not None and rows is RowsOption.rollouts:
        several.remove("--rows")
    if len(several) > 1:
        raise UsageError(f"{' and '.join(several)} are different answers", fix="ask for one")
    asked = RolloutRequest(
        form=from_,
        group=group_,
        reward=() if reward is None else tuple(reward.split(",")),
        weights=_weights(weights),
        advantage=advantage,
        length=length,
        step=step,
        rollout=rollout,
        baseline=baseline,
        group_size=group_size,
        texts=texts,
        beginnings=why is not None,
    )
    with loading(needs_source(source), asked) as rest:
        from rlcalc.groups import report as estimators

        import_module(f"rlcalc.renderers.{FORMATS[form]}")
        from rlcalc.groups.groups import EQUAL

        changes = Changes(epsilon, ddof, scale, leave_one_out, k)
        if audit and not (estimator or as_):
            changes.refuse("an audit without --estimator or --as looks for them itself")
        conventions = _conventions(estimator, as_, compare, changes)
        conventions = {
            name: replace(how, success=success, length_penalty=length_penalty)
            for name, how in conventions.items()
        }
        tolerance = EQUAL if tolerance is None else tolerance
        rollouts = rest()
    first = next(iter(conventions.values()))
    if audit:
        from rlcalc.groups.advantages.length_penalty import penalised
        from rlcalc.groups.audit.report import audit as audited

        held_against = replace(first, length_penalty=None) if estimator or as_ else None
        rollouts = penalised(rollouts, first.length_penalty, first.success)
        result = audited(rollouts, tolerance, held_against)
    elif why is not None:
        from rlcalc.groups.explain import explain

        result = explain(rollouts, why, first, success, tolerance)
    else:
        brief = form is Format.table and compare is None
        usual = RowsOption.summary if brief else RowsOption.rollouts
        result = estimators.group(rollouts, conventions, (rows or usual).value, success, tolerance)
    answer(result, form, output, head=most, quiet=quiet)
    if audit and len(result):
        raise typer.Exit(NotConverged.exit_code)


@dataclass(frozen=True)
class Changes:
    """What was asked to be other than an estimator has it; None: nothing."""

    epsilon: float | None
    ddof: int | None
    scale: ScaleOption | None
    leave_one_out: bool
    k: int | None

    def given(self) -> dict[str, str]:
        """Return the options that were given, by what they change."""
        options = {
            "epsilon": None if self.epsilon is None else f"--epsilon {self.epsilon:g}",
            "ddof": None if self.ddof is None else f"--ddof {self.ddof}",
            "scale": f"--scale {self.scale.value}" if self.scale else None,
            "leave_one_out": "--leave-one-out" if self.leave_one_out else None,
            "k": None if self.k is None else f"-k {self.k}",
        }
        return {what: option for what, option in options.items() if option}

    def refuse(self, why: str, used: Iterable[str] = ()) -> None:
        """Refuse the options that nothing uses.

        Raises:
            UsageError: there are such.
        """
        idle = [option for what, option in self.given().items() if what not in used]
        if idle:
            raise UsageError(f"{' '.join(idle)} changes nothing: {why}", fix="leave it out")

    def of(self, how: Convention) -> Convention:
        """Return a convention with what was asked for."""
        changed = how.changed(
            epsilon=self.epsilon,
            ddof=self.ddof,
            scale=self.scale.value if self.scale else None,
            leave_one_out=self.leave_one_out,
        )
        return changed if self.k is None else replace(changed, k=self.k)


def _conventions(
    estimator: str | None, trainer: str | None, compare: str | None, changes: Changes
) -> dict[str, Convention]:
    """Return what to estimate by, each with the name of its column."""
    from rlcalc.groups.advantages.trainers import convention_of, distinct_names

    if compare is not None and estimator is not None:
        raise UsageError("--compare and --estimator", fix="name all of them in --compare")
    names: list[str | None] = [estimator]
    if compare is not None:
        names = [*distinct_names([name.strip() for name in compare.split(",")])]
    chosen = {
        name if compare is not None and name else "advantage": changes.of(
            convention_of(name, trainer)
        )
        for name in names
    }
    used = {what for how in chosen.values() for what in how.options()}
    changes.refuse(
        f"{' and '.join(h.description() for h in chosen.values())} has no such thing", used
    )
    return chosen


def _weights(text: str | None) -> tuple[float, ...]:
    try:
        weights = () if text is None else tuple(map(float, text.split(",")))
    except ValueError:
        weights = (math.nan,)
    if not all(map(math.isfinite, weights)):
        raise UsageError(f"--weights {shown(text)}", fix="write numbers: --weights 1,0.5")
    return weights

"""rlcalc group: rollouts of a language model, and the advantages that a trainer gives them."""

from __future__ import annotations

import math
from typing import Any

import typer

from rlcalc.engines.process import without_blas
from rlcalc.errors import NotConverged, UsageError, shown
from rlcalc.options import (
    AdvantageColumn,
    Audit,
    BaselineColumn,
    Compare,
    Ddof,
    DumpFormat,
    Epsilon,
    Estimator,
    FilterName,
    GroupColumn,
    GroupRows,
    GroupSize,
    LeaveOneOut,
    LengthColumn,
    LengthPenalty,
    PassK,
    RelativeTolerance,
    RewardColumns,
    RolloutColumn,
    Scale,
    Source,
    StepColumn,
    Success,
    TableOptions,
    Texts,
    Trainer,
    Weights,
    Why,
)


def group(
    source: Source = None,
    estimator: Estimator = None,
    as_: Trainer = None,
    compare: Compare = None,
    rows: GroupRows = None,
    audit: Audit = False,
    why: Why = None,
    group_: GroupColumn = None,
    reward: RewardColumns = None,
    weights: Weights = None,
    advantage: AdvantageColumn = None,
    length: LengthColumn = None,
    step: StepColumn = None,
    rollout: RolloutColumn = None,
    baseline: BaselineColumn = None,
    filter_: FilterName = None,
    group_size: GroupSize = None,
    from_: DumpFormat = None,
    epsilon: Epsilon = None,
    ddof: Ddof = None,
    scale: Scale = None,
    leave_one_out: LeaveOneOut = False,
    length_penalty: LengthPenalty = None,
    k: PassK = None,
    success: Success = 1.0,
    tolerance: RelativeTolerance = None,
    texts: Texts = False,
    *,
    output: TableOptions,
) -> None:
    """Rollouts of a language model: groups, pass@k, advantages.

    And an audit of the advantages that a trainer logged.

    rlcalc group rollouts/

    rlcalc group completions_00012.parquet --audit

    rlcalc group 'dump/*.jsonl' --compare grpo,dr-grpo,rloo --csv

    rlcalc group log.parquet --group prompt_id --reward correct,format --weights 1,0.2
    """
    without_blas()
    from rlcalc import api
    from rlcalc.readers.sources import needs_source

    answers = {"--audit": audit, "--why": why is not None, "--compare": compare is not None}
    answers["--rows"] = rows is not None and not (compare is not None and rows == "rollouts")
    several = [option for option, is_set in answers.items() if is_set]
    if len(several) > 1:
        raise UsageError(f"{' and '.join(several)} are different answers", fix="choose one of them")
    if compare is not None and estimator is not None:
        raise UsageError("--compare and --estimator", fix="name all of them in --compare")
    arguments: dict[str, Any] = {
        "form": from_,
        "group": group_,
        "reward": () if reward is None else tuple(reward.split(",")),
        "weights": _weights(weights),
        "advantage": advantage,
        "length": length,
        "step": step,
        "rollout": rollout,
        "baseline": baseline,
        "filter": filter_,
        "group_size": group_size,
        "texts": texts,
        "trainer": as_,
        "success": success,
        "k": k,
        "epsilon": epsilon,
        "ddof": ddof,
        "scale": scale,
        "leave_one_out": leave_one_out,
        "length_penalty": length_penalty,
    }
    if tolerance is not None:
        arguments["tolerance"] = tolerance
    sources = needs_source(source)
    if audit:
        result = api.audit(sources, estimator, **arguments)
    else:
        names = [estimator] if estimator else []
        if compare is not None:
            names = [name.strip() for name in compare.split(",")]
        usual = "summary" if output.form == "table" and compare is None else "rollouts"
        arguments |= {"rows": rows or usual, "side_by_side": compare is not None, "why": why}
        result = api.group(sources, *names, **arguments)
    output.write(result)
    if audit and len(result):
        raise typer.Exit(NotConverged.exit_code)


def _weights(text: str | None) -> tuple[float, ...]:
    try:
        weights = () if text is None else tuple(map(float, text.split(",")))
    except ValueError:
        weights = (math.nan,)
    if not all(map(math.isfinite, weights)):
        raise UsageError(f"--weights {shown(text)}", fix="write numbers: --weights 1,0.5")
    return weights

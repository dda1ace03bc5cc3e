"""rlcalc group: rollouts of a language model, and the advantages that a trainer gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from rlcalc import options
from rlcalc.errors import NotConverged, UsageError

if TYPE_CHECKING:
    from rlcalc.result import Result


def group(
    source: options.Source = None,
    estimator: options.Estimator = None,
    as_: options.Trainer = None,
    compare: options.Compare = None,
    rows: options.GroupRows = None,
    audit: options.Audit = False,
    why: options.Why = None,
    against: options.Against = None,
    precision: options.Precision = None,
    *,
    files: options.Files = None,
    reading: options.RolloutOptions,
    convention: options.ConventionOptions,
    branches: options.BranchOptions,
    texts: options.Texts = False,
    jobs: options.Jobs = None,
    shards: options.EngineOptions,
    output: options.PartialOutputOptions,
) -> None:
    """Rollouts of a language model: groups, pass@k, advantages.

    And an audit of the advantages that a trainer logged.

    rlcalc group rollouts/

    rlcalc group completions_00012.parquet --audit

    rlcalc group 'dump/*.jsonl' --compare grpo,dr-grpo,rloo --csv

    rlcalc group log.parquet --group prompt_id --reward correct,format --weights 1,0.2
    """
    from rlcalc import api
    from rlcalc.api.arguments import refuse_unused
    from rlcalc.options import needs_source

    answers = {"--audit": audit, "--why": why is not None, "--compare": compare is not None}
    answers["--against"] = against is not None
    answers["--rows"] = rows is not None and not (compare is not None and rows == "rollouts")
    several = [option for option, is_set in answers.items() if is_set]
    if len(several) > 1:
        raise UsageError(
            f"{' and '.join(several)} ask for different answers", fix="choose one of them"
        )
    if audit or against is not None:
        refuse_unused(
            {"--" + name.replace("_", "-"): value for name, value in vars(branches).items()},
            "this answer",
            "leave it out, or use --rows branches alone",
        )
    if compare is not None and estimator is not None:
        raise UsageError(
            "--compare and --estimator both name estimators", fix="name all of them in --compare"
        )
    by_shards = shards.used(output)
    if by_shards:
        asked = {"--audit": audit, "--why": why, "--against": against}
        refuse_unused(asked, "an answer from shards", "leave it out, or leave out --engine")
    else:
        options.refuse_jobs(jobs)
    if against is not None:
        unused = convention.changed() | {"--estimator": estimator, "--as": as_, "--texts": texts}
        sources = needs_source(source, files)
        return output.write(_against(sources, against, unused, convention, reading))
    arguments = reading.arguments() | vars(convention) | {"texts": texts, "trainer": as_}
    sources = needs_source(source, files)
    if audit:
        result = api.audit(sources, estimator, **arguments)
    else:
        names = [estimator] if estimator else []
        if compare is not None:
            names = [name.strip() for name in compare.split(",")]
        in_short = output.form == "table" or output.is_picture or precision is not None
        usual = "summary" if in_short and compare is None else "rollouts"
        arguments |= {"rows": rows or usual, "side_by_side": compare is not None, "why": why}
        arguments |= vars(branches) | {"precision": precision}
        if by_shards:
            arguments |= {"estimators": names}
            answer = shards.answer("group", sources, output, jobs=jobs, **arguments)
            return output.write(answer) if answer is not None else None
        result = api.group(sources, *names, **arguments)
    output.write(result)
    if audit and len(result):
        raise typer.Exit(NotConverged.exit_code)
    return None


def _against(
    sources: list[str],
    against: str,
    unused: Mapping[str, object],
    convention: options.ConventionOptions,
    reading: options.RolloutOptions,
) -> Result:
    """Return the differences of two runs.

    Raises:
        UsageError: an option that changes nothing in them.
    """
    from rlcalc import api

    for option in [option for option, value in unused.items() if value]:
        raise UsageError(
            f"{option} changes nothing in a comparison of rewards (--against)",
            fix=f"leave out {option}",
        )
    tolerance = convention.tolerance
    return api.group_against(sources, against, tolerance=tolerance, **reading.arguments())

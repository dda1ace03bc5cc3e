"""rlcalc advantage: the advantage of every step, from a critic."""

from __future__ import annotations

import typer

from rlcalc import options
from rlcalc.errors import NotConverged


def advantage(
    source: options.Source = None,
    *,
    advantages: options.AdvantageOptions,
    as_: options.Program = None,
    audit: options.AdvantageAudit = False,
    reading: options.ReadOptions,
    output: options.TableOutputOptions,
) -> None:
    """The advantage of every step, from a critic.

    rlcalc advantage buffer.parquet -g 0.99 -l 0.95

    rlcalc advantage run.jsonl --method n-step:5 --value critic.csv

    rlcalc advantage log.parquet --method vtrace --policy target.yaml --clip-rho 2

    rlcalc advantage buffer.npz --as cleanrl --csv

    rlcalc advantage rollouts.jsonl --tool zero

    rlcalc advantage buffer.npz --audit
    """
    from rlcalc import api
    from rlcalc.options import needs_source

    result = api.advantage(
        needs_source(source), **vars(advantages), trainer=as_, audit=audit, **reading.arguments()
    )
    output.write(result)
    if audit and (len(result) or result.facts["reproduced_by"] == "nothing"):
        raise typer.Exit(NotConverged.exit_code)

"""rlcalc objective: what the loss of a batch of tokens is, and which tokens move the policy."""

from __future__ import annotations

from rlcalc import options
from rlcalc.errors import UsageError


def objective(
    source: options.Source = None,
    *,
    how: options.LossOptions,
    estimator: options.TokenEstimator = None,
    as_: options.LossTrainer = None,
    compare: options.LossCompare = None,
    rows: options.TokenRows = None,
    success: options.Success = 1.0,
    jobs: options.Jobs = None,
    files: options.Files = None,
    reading: options.TokenOptions,
    output: options.TableOutputOptions,
) -> None:
    """The loss of a batch, token by token.

    What is clipped, how large the KL is, and which tokens move the policy.

    rlcalc objective batch.parquet --clip 0.2:0.28 --dual-clip 3

    rlcalc objective batch.parquet --rows tokens --csv

    rlcalc objective batch.parquet --loss gspo --compare verl,trl,openrlhf
    """
    from rlcalc import api
    from rlcalc.options import needs_source

    if compare is not None:
        for option, value in {"--as": as_, "--rows": rows}.items():
            if value is not None:
                raise UsageError(
                    f"--compare and {option} ask for different answers", fix="choose one of them"
                )
    result = api.objective(
        needs_source(source, files),
        **vars(how),
        estimator=estimator,
        trainer=as_,
        compare=compare,
        rows=rows or ("summary" if output.form == "table" else "tokens"),
        success=success,
        jobs=jobs,
        **reading.arguments(),
    )
    output.write(result)

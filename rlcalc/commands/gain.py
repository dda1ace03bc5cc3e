"""rlcalc gain: the discounted sum of the rewards that follow each step."""

from __future__ import annotations

from rlcalc.commands import answer, rows_shown, source_options
from rlcalc.engines.process import without_blas
from rlcalc.options import (
    All,
    Columns,
    Csv,
    FormatOption,
    From,
    Gamma,
    Head,
    Json,
    OneStep,
    OrderBy,
    Output,
    Quiet,
    Source,
    Steps,
    Truncated,
)


def gain(
    source: Source = None,
    gamma: Gamma = None,
    k: Steps = None,
    truncated: Truncated = "keep",
    from_: From = None,
    columns: Columns = None,
    one_step: OneStep = False,
    order_by: OrderBy = None,
    format_: FormatOption = None,
    json: Json = False,
    csv: Csv = False,
    output: Output = None,
    head: Head = None,
    all_: All = False,
    quiet: Quiet = False,
) -> None:
    """The gain of every step: G_t = r_t + γ G_{t+1}.

    rlcalc gain three-steps --gamma 0.5

    rlcalc gain run.jsonl -k 10 -o gains.parquet
    """
    without_blas()
    from rlcalc.estimators.gain import gain as gain_of
    from rlcalc.readers import load
    from rlcalc.readers.sources import needs_source
    from rlcalc.renderers import settled_format

    form = settled_format(format_, json=json, csv=csv, output=output)
    most = rows_shown(head, all_=all_)
    asked = source_options(from_, columns, one_step=one_step, order_by=order_by, identify=True)
    result = gain_of(load(needs_source(source), asked), gamma, k, truncated)
    answer(result, form, output, head=most, quiet=quiet)

"""rlcalc estimate: V, Q and A of the policy that was followed, with error bars."""

from __future__ import annotations

from functools import partial

from rlcalc.commands import answer, source_options
from rlcalc.vocabulary import (
    All,
    Columns,
    Confidence,
    Csv,
    FormatOption,
    From,
    Gamma,
    Head,
    Jobs,
    Json,
    Of,
    OfOption,
    OneStep,
    OrderBy,
    Output,
    Quiet,
    Source,
    Truncated,
    Visit,
    VisitOption,
)


def estimate(
    source: Source = None,
    gamma: Gamma = None,
    visit: Visit = VisitOption.first,
    of: Of = OfOption.all,
    truncated: Truncated = "keep",
    confidence: Confidence = 0.95,
    from_: From = None,
    columns: Columns = None,
    one_step: OneStep = False,
    order_by: OrderBy = None,
    format_: FormatOption = None,
    json: Json = False,
    csv: Csv = False,
    output: Output = None,
    head: Head = 50,
    all_: All = False,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """V, Q and A of the policy that was followed, with error bars.

    rlcalc estimate two-states --gamma 0.9

    rlcalc estimate 'runs/*.parquet' --visit every --json | jq .facts

    rlcalc estimate log.csv --one-step --columns state=page,action=item,reward=click
    """
    from rlcalc.engines.threads import run
    from rlcalc.estimators import monte_carlo
    from rlcalc.readers import load
    from rlcalc.readers.sources import needs_source
    from rlcalc.renderers import settled_format

    form = settled_format(format_, json=json, csv=csv, output=output)
    asked = source_options(from_, columns, one_step=one_step, order_by=order_by)
    experience = load(needs_source(source), asked)
    result = monte_carlo.estimate(
        experience, gamma, visit.value, of.value, truncated, confidence, partial(run, jobs=jobs)
    )
    answer(result, form, output, head=None if all_ else head, quiet=quiet)

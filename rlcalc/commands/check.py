"""rlcalc check: what a source is, and every fault in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from rlcalc.commands import answer, settings_of, source_options
from rlcalc.engines.process import without_blas
from rlcalc.errors import InputError
from rlcalc.options import (
    Columns,
    Csv,
    FormatOption,
    From,
    Json,
    OneStep,
    OrderBy,
    Output,
    Quiet,
    Settings,
    Source,
)

if TYPE_CHECKING:
    from rlcalc.result import Result


def check(
    source: Source = None,
    from_: From = None,
    columns: Columns = None,
    one_step: OneStep = False,
    order_by: OrderBy = None,
    set_: Settings = None,
    format_: FormatOption = None,
    json: Json = False,
    csv: Csv = False,
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """What a source is, and every fault in it with its place.

    Exit 0, or 3 if there are any.

    rlcalc check run.parquet

    rlcalc check 'runs/*.jsonl' --json | jq .facts
    """
    without_blas()
    from rlcalc.environments import load as worlds
    from rlcalc.readers import load
    from rlcalc.readers.describe import describe, describe_model
    from rlcalc.readers.sources import ReadRequest, needs_source
    from rlcalc.renderers import settled_format

    form = settled_format(format_, json=json, csv=csv, output=output)
    asked = source_options(from_, columns, one_step=one_step, order_by=order_by)
    sources = needs_source(source)
    settings = settings_of(set_)
    if settings or worlds.is_model(sources, asked):
        result = describe_model(lambda: worlds.load(sources[0], asked, settings))
    else:
        result = describe(load(sources, asked, collect_faults=True))
        if len(result) and not result.facts["trajectories"] and asked == ReadRequest():
            result = _of_rollouts(sources, result)
    answer(result, form, output, head=None, quiet=quiet)
    if len(result):
        raise typer.Exit(InputError.exit_code)


def _of_rollouts(sources: list[str], otherwise: Result) -> Result:
    """Return what a trainer's rollouts hold, if these are such."""
    from rlcalc.readers.describe import describe_rollouts
    from rlcalc.readers.rollouts import load as rollouts
    from rlcalc.readers.rollouts.detect import trainer_of
    from rlcalc.readers.rollouts.request import RolloutRequest

    form = trainer_of(sources)
    if form is None:
        return otherwise
    return describe_rollouts(lambda: rollouts.load(sources, RolloutRequest()), form)

"""rlcalc check: what a source is, and every fault in it."""

from __future__ import annotations

import typer

from rlcalc.engines.process import use_one_blas_thread
from rlcalc.errors import InputError
from rlcalc.options import OutputOptions, ReadOptions, Settings, Source, settings_of


def check(
    source: Source = None,
    set_: Settings = None,
    *,
    reading: ReadOptions,
    output: OutputOptions,
) -> None:
    """What a source is, and every fault in it with its place.

    Exit 0, or 3 if there are any.

    rlcalc check run.parquet

    rlcalc check 'runs/*.jsonl' --json | jq .facts
    """
    use_one_blas_thread()
    from rlcalc import api
    from rlcalc.readers.sources import needs_source

    result = api.check(needs_source(source), settings=settings_of(set_), **reading.arguments())
    output.write(result)
    if len(result):
        raise typer.Exit(InputError.exit_code)

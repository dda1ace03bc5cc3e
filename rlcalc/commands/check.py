"""rlcalc check: what a source is, and every fault in it."""

from __future__ import annotations

import typer

from rlcalc import options
from rlcalc.errors import InputError


def check(
    source: options.Source = None,
    settings: options.Settings = None,
    *,
    files: options.Files = None,
    reading: options.ReadOptions,
    output: options.OutputOptions,
) -> None:
    """What a source is, and every fault in it with its place.

    Exit 0, or 3 if there are any.

    rlcalc check run.parquet

    rlcalc check 'runs/*.jsonl' --json | jq .facts
    """
    from rlcalc import api
    from rlcalc.options import needs_source

    result = api.check(
        needs_source(source, files),
        settings=options.parse_set_option(settings),
        **reading.arguments(),
    )
    output.write(result)
    if len(result):
        raise typer.Exit(InputError.exit_code)

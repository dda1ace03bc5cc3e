"""rlcalc check: what a source is, and every fault in it."""

from __future__ import annotations

import typer

from rlcalc import options
from rlcalc.errors import InputError


def check(
    source: options.Source = None,
    settings: options.Settings = None,
    *,
    jobs: options.Jobs = None,
    files: options.Files = None,
    reading: options.ReadOptions,
    shards: options.ShardOptions,
    output: options.FaultOutputOptions,
) -> None:
    """What a source is, and every fault in it with its place.

    Exit 0, or 3 if there are any.

    rlcalc check run.parquet

    rlcalc check 'runs/*.jsonl' --json | jq .facts
    """
    from rlcalc import api
    from rlcalc.options import needs_source

    sources, how = needs_source(source, files), reading.arguments()
    how["settings"] = options.parse_set_option(settings)
    if shards.used(output):
        answer = shards.answer("check", sources, output, jobs=jobs, **how)
        if answer is None:
            return
        result = answer
    else:
        options.refuse_jobs(jobs)
        result = api.check(sources, **how)
    output.write(result)
    if len(result):
        raise typer.Exit(InputError.exit_code)

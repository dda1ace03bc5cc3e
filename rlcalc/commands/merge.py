"""rlcalc merge: the answer of partials, which other runs wrote."""

from __future__ import annotations

import typer

from rlcalc import options
from rlcalc.errors import InputError, UsageError


def merge(
    partials: options.Partials = None,
    *,
    output: options.TableOutputOptions,
) -> None:
    """The answer of partials that other runs wrote.

    Any scheduler runs the shards; the answer has the bits of one run over all of them.

    rlcalc estimate part-07.parquet --shard 7/100 --partial -o 07.partial

    rlcalc merge *.partial -o answer.parquet
    """
    from rlcalc import api

    if not partials:
        raise UsageError("there are no partials", fix="name the files that --partial wrote")
    result = api.merge(*partials)
    output.write(result)
    if result.command == "check" and len(result):
        raise typer.Exit(InputError.exit_code)

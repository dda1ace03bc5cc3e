"""Commands: one thin file a verb, each parse → load → compute → render.

Here stands what they share: what was asked of a source, and what is said beside an answer.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rlcalc.errors import UsageError, shown

if TYPE_CHECKING:
    from rlcalc.readers.sources import Options
    from rlcalc.result import Result
    from rlcalc.vocabulary import Format, Kind


def source_options(
    kind: Kind | None,
    columns: str | None,
    *,
    one_step: bool,
    order_by: str | None,
    identify: bool = False,
) -> Options:
    """Return how a source is to be read.

    Raises:
        UsageError: --columns is not of the form a=b,c=d.
    """
    from rlcalc.readers.sources import Options

    pairs: dict[str, str] = {}
    for pair in columns.split(",") if columns else []:
        name, equals, column = pair.partition("=")
        if not (name.strip() and equals and column.strip()):
            raise UsageError(
                f"--columns {shown(columns)}: {shown(pair)} is no pair",
                fix="write what a step has = the name of its column: state=position,action=item_id",
            )
        pairs[name.strip()] = column.strip()
    return Options(kind, pairs, one_step, order_by, identify)


def answer(
    result: Result, form: Format, output: str | None, *, head: int | None, quiet: bool
) -> None:
    """Write a result, and say on standard error what must be said beside it."""
    from rlcalc.renderers import show

    show(result, form, output, head=head)
    if quiet:
        return
    sys.stdout.flush()
    for note in result.notes:
        sys.stderr.write(f"note: {note}\n")
    if output:
        sys.stderr.write(f"wrote {len(result):,} rows to {shown(output)}\n")

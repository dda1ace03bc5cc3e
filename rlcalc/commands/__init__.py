"""Commands: one thin file a verb, each parse → load → compute → render.

Here stands what they share: what was asked of a source, and what is said beside an answer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from rlcalc.errors import InputError, UsageError, shown

if TYPE_CHECKING:
    from rich.progress import Progress

    from rlcalc.formats import Format, Kind
    from rlcalc.readers.sources import ReadRequest
    from rlcalc.result import Result


def source_options(
    kind: Kind | None,
    columns: str | None,
    *,
    one_step: bool,
    order_by: str | None,
    identify: bool = False,
) -> ReadRequest:
    """Return how a source is to be read.

    Raises:
        UsageError: --columns is not of the form a=b,c=d.
    """
    from rlcalc.readers.sources import ReadRequest

    pairs: dict[str, str] = {}
    for pair in columns.split(",") if columns else []:
        name, equals, column = pair.partition("=")
        if not (name.strip() and equals and column.strip()):
            raise UsageError(
                f"--columns {shown(columns)}: {shown(pair)} is no pair",
                fix="write what a step has = the name of its column: state=position,action=item_id",
            )
        pairs[name.strip()] = column.strip()
    return ReadRequest(kind, pairs, one_step, order_by, identify)


def settings_of(given: list[str] | None) -> dict[str, Any]:
    """Return the parameters that --set gives, their values read as YAML.

    Raises:
        UsageError: one is not of the form name=value.
    """
    if not given:
        return {}
    from rlcalc.readers.yaml import parse

    settings: dict[str, Any] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not (name.strip() and equals):
            raise UsageError(
                f"--set {shown(pair)} is no parameter",
                fix="write --set name=value: --set gamma=0.9",
            )
        value = parse(text, f"--set {shown(name)}").value if text.strip() else ""
        settings[name.strip()] = value
    return settings


HEAD = 50
"""Rows that a table shows, unless told otherwise."""


def rows_shown(head: int | None, *, all_: bool) -> int | None:
    """Return how many rows a table shows; None is all.

    Raises:
        UsageError: so many, and all.
    """
    if all_ and head is not None:
        raise UsageError(f"--head {head} and --all", fix="leave one out")
    return None if all_ else HEAD if head is None else head


def the_only(sources: list[str]) -> str:
    """Return the one source that there is.

    Raises:
        UsageError: there are several.
    """
    if len(sources) > 1:
        raise UsageError(f"{len(sources):,} sources, and a model is one", fix="name one of them")
    return sources[0]


def refuse_without_episodes(sources: list[str], *asked: object) -> None:
    """Refuse to play a model that nobody says how often to play.

    Raises:
        UsageError: only a model is played, or has parameters.
        InputError: a source is an environment.
    """
    from rlcalc.environments import load

    if any(wish is not None and wish != [] for wish in asked):
        raise UsageError(
            "--policy, --start, --max-steps, --seed and --set are for a model that is played",
            fix="say how often, with -n EPISODES",
        )
    for source in sources:
        if load.is_environment(source):
            raise InputError(
                f"{shown(source)} is a model, and no trajectories",
                fix="say how many episodes to play, with -n EPISODES",
            )


Item = TypeVar("Item")
PATIENCE = 1.0
"""Seconds after which a progress bar is shown."""


def watched(
    items: Iterable[Item], done: Callable[[Item], int], n: int, *, quiet: bool
) -> Iterator[Item]:
    """Pass things on, with a progress bar on a terminal once it takes more than a second.

    Args:
        items: as they come.
        done: how far each of them leads on.
        n: where the end is.
        quiet: no bar.
    """
    import time

    if quiet or not sys.stderr.isatty():
        yield from items
        return
    begin, so_far = time.monotonic(), 0
    bar: Progress | None = None
    try:
        for item in items:
            yield item
            so_far += done(item)
            if bar is None and time.monotonic() - begin > PATIENCE:
                bar = _bar(n)
            if bar:
                bar.update(bar.task_ids[0], completed=so_far)
    finally:
        if bar:
            bar.stop()


def _bar(n: int) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    bar.add_task("playing", total=n)
    bar.start()
    return bar


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

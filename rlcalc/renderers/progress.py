"""Progress: a bar on standard error, on a terminal, once something takes more than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")
PATIENCE = 1.0
"""Seconds after which the bar is shown."""


def with_progress_bar(
    items: Iterable[Item], size: Callable[[Item], int], n: int, *, quiet: bool
) -> Iterator[Item]:
    """Pass items on, and show how many of n are done.

    Args:
        items: in their order.
        size: how many of the n an item is.
        n: the total.
        quiet: show no bar.
    """
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    begin, n_done = time.monotonic(), 0
    bar: Progress | None = None
    try:
        for item in items:
            yield item
            n_done += size(item)
            if bar is None and time.monotonic() - begin > PATIENCE:
                bar = _bar(n)
            if bar:
                bar.update(bar.task_ids[0], completed=n_done)
    finally:
        if bar:
            bar.stop()


def _bar(n: int) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    bar.add_task("simulating", total=n)
    bar.start()
    return bar


def without_progress(items: Iterable[Any], size: Callable[[Any], int]) -> Iterable[Any]:
    """Return the items as they are."""
    return items

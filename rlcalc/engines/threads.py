"""The local engine: runs pieces of work on threads, which much of numpy lets run in parallel."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")


def run(
    work: Callable[[Piece], Answer], pieces: Iterable[Piece], jobs: int | None = None
) -> Iterator[Answer]:
    """Yield the answer of each piece, in the order of the pieces.

    At most `jobs` pieces run and as many wait, so memory does not grow with their number. The
    pieces are made in the caller's thread, while others run.

    Args:
        work: from a piece to its answer; must not depend on other pieces.
        pieces: taken one by one.
        jobs: threads; default one a processor. One piece, or one job, needs no thread.

    Yields:
        Answers, the same whatever `jobs` is.
    """
    jobs = jobs or os.cpu_count() or 1
    rest = iter(pieces)
    first = list(islice(rest, 2))
    if jobs == 1 or len(first) < 2:
        yield from map(work, chain(first, rest))
        return
    from concurrent.futures import ThreadPoolExecutor  # not for the many runs of one piece

    running: deque[Future[Answer]] = deque()
    pool, wait_for_running = ThreadPoolExecutor(jobs), True
    try:
        for piece in chain(first, rest):
            running.append(pool.submit(work, piece))
            if len(running) > 2 * jobs:
                yield _answer(running.popleft())
        while running:
            yield _answer(running.popleft())
    except (KeyboardInterrupt, SystemExit):  # a piece may take minutes: do not wait for it
        wait_for_running = False
        raise
    finally:
        pool.shutdown(wait=wait_for_running, cancel_futures=True)


def _answer(future: Future[Answer]) -> Answer:
    """Return the answer of a piece when it is ready, with Ctrl-C working meanwhile.

    Without the timeout it would not work after Polars has read a file: its own handler lets the
    system resume the wait.
    """
    from concurrent.futures import wait

    while not future.done():
        wait([future], INTERRUPT_INTERVAL)
    return future.result()


INTERRUPT_INTERVAL = 0.2
"""Seconds between two checks for an interrupt."""

"""Run pieces on the threads of this machine; much of numpy lets them run side by side."""

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

    At most `jobs` pieces are worked on and as many wait, so memory does not grow with their number.
    The pieces themselves are made here, in the caller's thread, while others are worked on.

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
    pool, patient = ThreadPoolExecutor(jobs), True
    try:
        for piece in chain(first, rest):
            running.append(pool.submit(work, piece))
            if len(running) > 2 * jobs:
                yield _answer(running.popleft())
        while running:
            yield _answer(running.popleft())
    except (KeyboardInterrupt, SystemExit):  # a piece may take minutes: nobody waits for it
        patient = False
        raise
    finally:
        pool.shutdown(wait=patient, cancel_futures=True)


def _answer(future: Future[Answer]) -> Answer:
    """Return the answer of a piece when it is there.

    An interrupt is heard meanwhile. Without the timeout it would not be once Polars has read
    something: its own handler lets the system take the waiting up again.
    """
    from concurrent.futures import wait

    while not future.done():
        wait([future], HEARING)
    return future.result()


HEARING = 0.2
"""Seconds after which it is looked whether there was an interrupt."""

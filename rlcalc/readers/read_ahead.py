"""Reading ahead: work on the next items of a stream while the present one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Worked = TypeVar("Worked")


def read_ahead(
    work: Callable[[Item], Worked], items: Iterable[Item], threads: int = 1
) -> Iterator[tuple[Item, Worked]]:
    """Yield each item with the result of the work on it, in order, while others are worked on.

    Items that came before an error of the stream are yielded before it is raised.

    Args:
        work: runs in another thread.
        items: read in this one.
        threads: how many items may be worked on at a time.
    """
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[tuple[Item, Future[Worked]]] = deque()
        stream, failure = iter(items), None
        while True:
            try:
                item = next(stream)
                pending.append((item, pool.submit(work, item)))
            except StopIteration:
                break
            except Exception as error:  # raised below, behind what came before it
                failure = error
                break
            if len(pending) > threads:
                done, future = pending.popleft()
                yield done, future.result()
        for done, future in pending:
            yield done, future.result()
        if failure:
            raise failure

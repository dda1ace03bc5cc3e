"""The engine of a cluster: tasks of Ray, one a piece of work; an extra of its own.

Only what the work is and which piece it takes travel to a worker, and its answer back. The piece
of a worker that is lost is worked out again by another.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, TypeVar

from rlcalc.engines.process import owning_processes
from rlcalc.errors import InputError, RlcalcError, UsageError, shown

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")

RETRIES = 5
"""How often a piece is given to another worker after one was lost."""


PATIENCE = 10.0
"""Seconds that a cluster has to answer at its address."""


def run(
    work: Callable[[Piece], Answer],
    pieces: Iterable[Piece],
    address: str | None = None,
    jobs: int | None = None,
) -> Iterator[Answer]:
    """Yield the answer of each piece, in the order of the pieces.

    Twice as many pieces as there are workers wait or run at a time. Ctrl-C cancels them.

    Args:
        work: from a piece to its answer; it is pickled, and so are pieces and answers.
        pieces: taken one by one.
        address: of a running cluster; None: one that is started on this machine, and stopped.
        jobs: workers of the one that is started; default one a processor.

    Raises:
        UsageError: Ray is not installed.
        InputError: no cluster is there, or a worker was lost again and again.
        RlcalcError: what the work raises.
    """
    ray = _ray()
    if ray.is_initialized():
        yield from _answers(ray, work, pieces)
        return
    with owning_processes():
        try:
            with _signals_later():
                _connect(ray, address, jobs)
            yield from _answers(ray, work, pieces)
        finally:
            ray.shutdown()


@contextmanager
def _signals_later() -> Iterator[None]:
    """Let Ctrl-C and an end by the system wait: a cluster that is half there is never stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    met: list[tuple[int, Any]] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, lambda *call: met.append(call)) for one in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if met:
        os.kill(os.getpid(), met[0][0])


def _answers(
    ray: Any, work: Callable[[Piece], Answer], pieces: Iterable[Piece]
) -> Iterator[Answer]:
    running: deque[Any] = deque()
    try:
        task = ray.remote(max_retries=RETRIES)(_worked)
        shared = ray.put(work)
        width = 2 * max(int(ray.cluster_resources().get("CPU", 1)), 1)
        rest = iter(pieces)
        for piece in islice(rest, width):
            running.append(task.remote(shared, piece))
        while running:
            answer = _answer(ray, running.popleft())
            for piece in islice(rest, 1):
                running.append(task.remote(shared, piece))
            yield answer
    finally:
        for waiting in running:
            with suppress(Exception):  # the cluster may be gone
                ray.cancel(waiting, force=True)


def workers_of(address: str | None, jobs: int | None) -> int:
    """Return how many workers a cluster may have; of one that is running, a guess."""
    return jobs or (os.cpu_count() or 1 if address is None else 64)


def _worked(work: Callable[[Piece], Answer], piece: Piece) -> Answer:
    return work(piece)


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise UsageError("Ray is not installed", fix="pip install 'rlcalc[ray]'") from error
    return ray


def _connect(ray: Any, address: str | None, jobs: int | None) -> None:
    logging.getLogger("ray").setLevel(logging.ERROR)
    if address is not None:
        _require_listener(address)
    quiet = {"log_to_driver": False, "configure_logging": False, "logging_level": "ERROR"}
    try:
        if address is None:
            ray.init(address="local", num_cpus=jobs, include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise _no_cluster(error, address) from error


def _require_listener(address: str) -> None:
    """Refuse the address of a cluster where nobody listens; Ray would wait for minutes.

    Raises:
        InputError: nobody does.
    """
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not (colon and port.isdecimal()):
        return  # `auto`, which Ray looks up
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(error, address) from error


def _no_cluster(error: Exception, address: str | None) -> InputError:
    reason = shown((str(error).splitlines() or [""])[0], 120)
    return InputError(
        f"no cluster of Ray answers: {reason}",
        shown(address or "this machine"),
        "start one with ray start --head, and give its address: --engine-address HOST:6379",
    )


def _answer(ray: Any, waiting: Any) -> Any:
    """Return the answer of a task, when it is there.

    Raises:
        RlcalcError: what the work raised.
        InputError: the worker was lost too often.
    """
    try:
        return ray.get(waiting)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, RlcalcError | MemoryError):
            raise cause from None
        raise
    except ray.exceptions.RayError as error:
        raise InputError(
            f"a worker was lost {RETRIES + 1} times at the same shards: "
            f"{shown(str(error).splitlines()[0], 160)}",
            fix="give the workers more memory, or cut the shards into smaller ones",
        ) from error

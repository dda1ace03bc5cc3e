"""The settings of our own process: memory, its limit, and the threads of libraries."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rlcalc.errors import InputError

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
"""The numbers of three parameters of glibc, from malloc.h."""
TIGHT, LEAST = 4_000_000_000, 800_000_000
"""Bytes of address space under which Polars gets one thread, and under which nothing is begun."""


def keep_freed_memory() -> None:
    """Let the C library keep freed blocks of up to 32 MiB, if it is glibc.

    By default it returns them to the system, and every page of the next batch is made and zeroed
    again: a fifth of the time of reading and summing up 10 million steps. Only the command line
    calls this: a library does not change the memory settings of its host.

    Source: mallopt(3).
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    mallopt(MMAP_THRESHOLD, 1 << 25)
    mallopt(TRIM_THRESHOLD, 1 << 28)
    mallopt(TOP_PAD, 1 << 24)


def use_one_blas_thread() -> None:
    """Start numpy, which must not be loaded yet, with one thread for linear algebra.

    Its OpenBLAS starts one thread a processor, and each of them spins for a while: 60 ms of
    processor time in a process without linear algebra, 0.5 s in one with three small systems.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


_owned: list[None] = []
"""An entry for each cluster, or the like, that this process has started."""


@contextmanager
def owning_processes() -> Iterator[None]:
    """Say that this process has started others, which it must end before a signal ends it."""
    _owned.append(None)
    try:
        yield
    finally:
        _owned.pop()


def owns_processes() -> bool:
    """Return whether this process has started others that it must end."""
    return bool(_owned)


def fit_address_space() -> None:
    """Start Polars, which must not be loaded yet, with one thread where memory is limited.

    Where an allocation of Polars fails, the process is aborted and nothing can be said any more.
    `ulimit -v` and `RLIMIT_AS` are known beforehand. Every thread has buffers of its own.

    Raises:
        InputError: the limit is too low for the libraries.
    """
    if not sys.platform.startswith("linux"):
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY or limit >= TIGHT:
        return
    if limit < LEAST:
        raise InputError(
            f"the limit of memory, {limit / 1e9:.2f} GB of address space, is too low for rlcalc",
            "ulimit -v",
            "allow at least 0.8 GB, and 2.5 GB for large files: ulimit -v 2500000",
        )
    os.environ.setdefault("POLARS_MAX_THREADS", "1")

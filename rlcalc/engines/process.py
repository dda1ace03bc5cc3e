"""The settings of our own process: freed memory is kept, and linear algebra has one thread."""

from __future__ import annotations

import os
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
"""The numbers of three parameters of glibc, from malloc.h."""


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

"""Keep the memory of arrays that are gone for those that come: the same batch, over and over."""

from __future__ import annotations

import os
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
"""The numbers of glibc's parameters, from malloc.h."""


def keep_freed() -> None:
    """Let the C library keep freed blocks of up to 32 MiB, where it is glibc.

    By itself it gives them back, and the next batch has each of its pages made and zeroed anew:
    a fifth of the time of reading and summing up 10 million steps. For our own process only:
    a library leaves the memory of its host alone.

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


def without_blas() -> None:
    """Let numpy, which is not loaded yet, come without threads for linear algebra.

    Its OpenBLAS starts one a processor, and each of them spins for a while: 60 ms of processor time
    in a process that does no linear algebra.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

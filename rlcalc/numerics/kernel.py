"""Kernels: loops over arrays that are compiled on their first large call."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import update_wrapper
from typing import Any

import numpy as np

from rlcalc.errors import shown

SMALL, TINY = 1 << 12, 1 << 8
"""The most entries of the largest array for which plain Python runs: before a compiler is loaded,
and once it is loaded for another loop."""


SMALL_PASS = 1 << 14
"""The same for a loop that goes once over its arrays, and no compiler is loaded yet."""


class Kernel:
    """A loop over arrays that runs in plain Python or compiled, with the same bits."""

    patience = 1.0
    """Seconds that plain Python may still take in total before compiling is the faster choice."""

    def __init__(self, loop: Callable[..., Any], small: int = SMALL) -> None:
        self.plain = loop
        self.small = small
        self._compiled: Callable[..., Any] | None = None
        update_wrapper(self, loop)

    def __call__(self, *arguments: Any) -> Any:
        """Run the loop: compiled if an array is large or the loop is compiled already."""
        if self._compiled is None and Kernel.patience > 0:
            most = TINY if "numba" in sys.modules else self.small
            if not _large(arguments, most):
                begin = time.perf_counter()
                answer = self.plain(*arguments)
                Kernel.patience -= time.perf_counter() - begin
                return answer
        return self.compiled(*arguments)

    @property
    def compiled(self) -> Callable[..., Any]:
        """The compiled loop; it releases the GIL, and is cached on disk.

        Where numba is missing or broken it is the plain loop, and a note says so once.
        """
        if self._compiled is None:
            try:
                self._compiled = _compiled(self.plain)
            except Exception as error:  # numba is not installed, or not made for this numpy
                note_once(
                    f"the compiler of loops, numba, cannot be loaded ({shown(error)}): they run in "
                    "plain Python, 20 to 200 times as long; install a numba for this Python"
                )
                self._compiled = self.plain
        return self._compiled

    def run_in_thread(self, *arguments: Any) -> None:
        """Run the compiled loop, which may take minutes, in a thread, so that Ctrl-C still works.

        Python handles an interrupt between two steps of the main thread. A compiled loop is one
        step, and so is waiting without a timeout once Polars has installed its own handler.
        """
        loop = self.compiled
        if threading.current_thread() is not threading.main_thread():
            loop(*arguments)
            return
        worker = threading.Thread(target=loop, args=arguments, daemon=True)
        worker.start()
        while worker.is_alive():
            worker.join(0.2)


NOTES: list[str] = []
"""What happened to compiled loops that a user should know."""


def note_once(text: str) -> None:
    """Note what happened to compiled loops, once."""
    if text not in NOTES:
        NOTES.append(text)


def _compiled(loop: Callable[..., Any]) -> Any:
    """Return the compiled loop, with a cache on disk where there is a folder for it."""
    import numba

    compiled: Any = numba.njit(nogil=True, error_model="numpy")(loop)
    with suppress(RuntimeError):
        compiled._cache = _repairing_cache(loop)
    return compiled


def _repairing_cache(loop: Callable[..., Any]) -> Any:
    """Return a cache on disk that is emptied when it is damaged, so that loops compile anew."""
    from numba.core import caching

    untyped: Any = caching.FunctionCache

    class RepairingCache(untyped):  # type: ignore[misc]
        def load_overload(self, *request: Any) -> Any:
            try:
                return super().load_overload(*request)
            except Exception as error:  # whatever unpickling a part of a file raises
                folder = shown(self.cache_path, 200)
                note_once(
                    f"the cache of compiled loops in {folder} is damaged ({shown(error)}): "
                    "compiled anew, which takes some seconds"
                )
                with suppress(OSError):  # it cannot be written
                    self.flush()
                return None

        def save_overload(self, *request: Any) -> None:
            with suppress(Exception):  # the answer does not need it
                super().save_overload(*request)

    return RepairingCache(loop)


def load_compiler() -> None:
    """Load the compiler in a thread: it takes a third of a second, and later work needs it."""
    threading.Thread(target=_import_compiler, daemon=True).start()


def _import_compiler() -> None:
    with suppress(Exception):  # the first large loop says so
        importlib.import_module("numba")


def _large(argument: Any, most: int) -> bool:
    if isinstance(argument, tuple):
        return any(_large(part, most) for part in argument)
    return isinstance(argument, np.ndarray) and len(argument) > most


def kernel(loop: Callable[..., Any]) -> Kernel:
    """Return the loop as a kernel; used as a decorator."""
    return Kernel(loop)


def one_pass_kernel(loop: Callable[..., Any]) -> Kernel:
    """Return a loop that goes once over its arrays, for which a compiler is rarely worth its time.

    Plain Python takes some 10 ms for `SMALL_PASS` entries, and loading the compiler 300.
    """
    return Kernel(loop, SMALL_PASS)

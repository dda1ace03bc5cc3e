"""Loops that are compiled when the work is large enough to pay for it, and what they are without.

A kernel is plain Python that reads like its formula. Until it has been compiled, which costs
seconds once and half a second after that, a vectorised twin does its work: the two give the same
bits, so that it does not matter when, or whether, the compiler is ready.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class Kernel(Generic[Arguments, Answer]):
    """A loop in plain Python (`py_func`), and its compiled form once there is one (`compiled`)."""

    def __init__(self, function: Callable[Arguments, Answer]) -> None:
        self.py_func = function
        self.compiled: Callable[Arguments, Answer] | None = None

    def compile(self, *example: Arguments.args, **named: Arguments.kwargs) -> None:
        """Compile for arguments of these types, or load what an earlier run has compiled."""
        import numba

        with contextlib.suppress(RuntimeError):  # no folder to keep it in: compile each time
            compiled = numba.njit(nogil=True, cache=True)(self.py_func)
            compiled(*example, **named)
            self.compiled = compiled
            return
        compiled = numba.njit(nogil=True)(self.py_func)
        compiled(*example, **named)
        self.compiled = compiled


def kernel(function: Callable[Arguments, Answer]) -> Kernel[Arguments, Answer]:
    """Mark a loop as one that can be compiled."""
    return Kernel(function)


_compiling: threading.Thread | None = None


def compile_beside(loops: Mapping[Kernel[..., Any], tuple[Any, ...]]) -> None:
    """Begin to compile kernels, each with an example of its arguments, in a thread of its own.

    Without a compiler that works here the twins go on.
    """
    global _compiling
    if _compiling is not None or all(loop.compiled for loop in loops):
        return

    def work() -> None:
        with contextlib.suppress(Exception):
            for loop, example in loops.items():
                loop.compile(*example)

    _compiling = threading.Thread(target=work, name="compile", daemon=True)
    _compiling.start()


def finish_compiling(seconds: float) -> None:
    """Wait for what is being compiled, so that it is there for the next run."""
    if _compiling is not None:
        _compiling.join(seconds)

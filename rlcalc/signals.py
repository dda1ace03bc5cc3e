"""Signals: each that ends the process does so within a second, and its temporary files go too.

A cluster that the process has started is ended first, which may take some seconds.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Container
from types import FrameType
from typing import NoReturn

from rlcalc.engines.process import owns_processes
from rlcalc.renderers.whole_file import remove_unfinished

GRACE = 0.5
"""Seconds that the main thread has to end by itself, through `finally`."""

PATIENCE = 15.0
"""Seconds that processes which this one has started have to end."""

_HARMLESS = "CHLD CLD CONT URG WINCH INFO STOP TSTP TTIN TTOU"
_OTHER = "KILL INT PIPE SEGV BUS FPE ILL TRAP SYS EMT ALRM"  # ALRM is the clock of a regex


def catch_ending_signals() -> None:
    """Let every signal that ends the process do so through `finally`, or else without it.

    Python calls a handler between two steps of the main thread, and a call of Polars, numba or
    LAPACK is one step that may take minutes. So a thread hears of the signal too: it runs whenever
    such a call releases the GIL, as all long ones do, except that one JSON text of 100 MB is parsed
    for about two seconds. Only the command line calls this.
    """
    others = {getattr(signal, f"SIG{name}", 0) for name in f"{_HARMLESS} {_OTHER}".split()}
    endings: set[int] = {signal.SIGINT}  # its handler is Python's own
    for number in signal.valid_signals() - others:
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one
            signal.signal(number, _terminated)
            endings.add(number)
    if os.name == "posix":
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))
        threading.Thread(target=_end, args=(reading, endings), daemon=True).start()


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _end(reading: int, endings: Container[int]) -> NoReturn:
    """Wait for the number of a signal that ends the process; end it if nobody else does."""
    while (number := os.read(reading, 1)[0]) not in endings:
        pass
    time.sleep(GRACE)
    end = time.monotonic() + PATIENCE
    while owns_processes() and time.monotonic() < end:
        time.sleep(GRACE / 10)
    leave(128 + number)


def leave(code: int) -> NoReturn:
    """End the process at once, without waiting for threads, and remove its temporary files."""
    remove_unfinished()
    os._exit(code)

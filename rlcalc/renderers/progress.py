"""Progress on a terminal: one line on standard error, once something takes half a second."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from rlcalc.errors import shown
from rlcalc.progress import NOW, Progress

PATIENCE = 0.5
"""Seconds after which the line is shown."""
INTERVAL = 0.1
"""Seconds between two drawings of it."""
CLEAR = "\r\x1b[K"
"""Goes to the first column and removes the line."""


class ProgressLine(threading.Thread):
    """A thread that draws the line until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.drawn = False

    def run(self) -> None:
        """Draw the line again and again."""
        if self.stopped.wait(PATIENCE):
            return
        while not self.stopped.wait(INTERVAL):
            with self.lock:
                if NOW.stage and not self.stopped.is_set():
                    self._write(CLEAR + line_of(NOW, time.monotonic())[: _width() - 1])
                    self.drawn = True

    def clear(self) -> None:
        """Remove the line, so that a message can be written; it is drawn again."""
        with self.lock:
            if self.drawn:
                self._write(CLEAR)
                self.drawn = False

    def stop(self) -> None:
        """Remove the line for good."""
        self.stopped.set()
        self.clear()

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()


_LINES: list[ProgressLine] = []
"""The line of this process, if there is one."""


def show_progress() -> None:
    """Show the progress from now on, where standard error is a terminal."""
    if not _LINES and sys.stderr is not None and sys.stderr.isatty():
        _LINES.append(ProgressLine())
        _LINES[0].start()


def clear_progress() -> None:
    """Remove the line before something else is written to the terminal."""
    for line in _LINES:
        line.clear()


def stop_progress() -> None:
    """Remove the line for good."""
    while _LINES:
        _LINES.pop().stop()


def line_of(progress: Progress, now: float) -> str:
    """Return the line of a stage.

    >>> line_of(Progress("reading a.csv", 3e8, 1e9, "B", begun=0.0), 2.0)
    'reading a.csv: 300 MB of 1 GB, 30 %, 150 MB/s, 5 s left'

    >>> line_of(Progress("solving", 1200, 0, "sweeps", "bound 0.01", 0.0), 7.0)
    'solving: 1,200 sweeps, bound 0.01, 7 s'
    """
    elapsed = max(now - progress.begun, 1e-9)
    rate = progress.done / elapsed
    parts = []
    if progress.done:
        amount = _amount(progress.done, progress.unit)
        of = f" of {_amount(progress.total, progress.unit)}" if progress.total else ""
        parts.append(amount.removesuffix(f" {progress.unit}") + of if of else amount)
    if progress.done and progress.total:
        share = min(progress.done / progress.total, 1.0)
        parts.append(f"{share:.0%}".replace("%", " %"))
    if progress.done and progress.unit == "B":
        parts.append(f"{_amount(rate, 'B')}/s")
    parts += [progress.detail] if progress.detail else []
    if rate and progress.total:
        parts.append(f"{_duration(max(progress.total - progress.done, 0.0) / rate)} left")
    else:
        parts.append(_duration(elapsed))
    return f"{shown(progress.stage)}: {', '.join(parts)}"


def _amount(number: float, unit: str) -> str:
    """Return a number of bytes as 1.2 GB, or of things as 1,200 sweeps."""
    if unit != "B":
        return f"{number:,.0f} {unit}".rstrip()
    for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= size:
            return f"{number / size:.3g} {name}"
    return f"{number:.0f} B"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _width() -> int:
    """Return the columns of the terminal behind standard error."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def without_progress(items: Iterable[Any], size: Callable[[Any], int]) -> Iterable[Any]:
    """Return the items as they are."""
    return items

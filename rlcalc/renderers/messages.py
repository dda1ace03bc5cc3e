"""Messages: one function writes every error, note and warning, to standard error."""

from __future__ import annotations

import contextlib
import sys

from rlcalc.errors import Fault, escaped


def write_message(message: str | Fault) -> None:
    """Write one line, or the lines of a fault; what a terminal would obey or hide is escaped.

    A standard error that is closed or full is not an error: the answer counts.
    """
    if progress := sys.modules.get("rlcalc.renderers.progress"):
        progress.clear_progress()
    lines = str(message) if isinstance(message, Fault) else escaped(message)
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"error: {lines}\n" if isinstance(message, Fault) else f"{lines}\n")

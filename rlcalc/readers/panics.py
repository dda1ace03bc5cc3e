"""Panics of Polars: its threads write them to standard error themselves, and rows are missing."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PANIC = b"panicked at"
MOST = 1 << 20
"""Bytes of a panic that are read."""

_lock = threading.Lock()


class PanicError(Exception):
    """A thread of a library ended, with what it read."""


@contextmanager
def panics_raised() -> Iterator[None]:
    """Raise a panic of a native thread as an error, and keep its text off standard error.

    Python's own messages reach standard error meanwhile. In a second thread it does nothing.

    Raises:
        PanicError: there was one.
    """
    if not _lock.acquire(blocking=False):
        yield
        return
    try:
        with tempfile.TemporaryFile() as written:
            try:
                with _redirected(written.fileno()):
                    yield
            finally:
                written.seek(0)
                text = written.read(MOST)
                if text and PANIC not in text:
                    os.write(2, text)
            if PANIC in text:
                raise PanicError(_message(text))
    finally:
        _lock.release()


def _message(text: bytes) -> str:
    """Return the line below the place of the first panic."""
    lines = text[text.index(PANIC) :].decode(errors="replace").splitlines()
    return lines[min(1, len(lines) - 1)]


@contextmanager
def _redirected(target: int) -> Iterator[None]:
    """Let native code write to a target where it would write to standard error."""
    try:
        ours = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    stream = sys.stderr
    try:
        is_ours = stream is not None and stream.fileno() == 2
    except (OSError, ValueError):  # of a notebook or a test
        is_ours = False
    if is_ours:
        stream.flush()
        sys.stderr = os.fdopen(
            ours, "w", encoding=stream.encoding, errors=stream.errors, closefd=False
        )
    os.dup2(target, 2)
    try:
        yield
    finally:
        os.dup2(ours, 2)
        if is_ours:
            sys.stderr.flush()
            sys.stderr = stream
        os.close(ours)

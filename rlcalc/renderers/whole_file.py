"""Files that are there whole or not at all: written beside the target, and renamed at the end.

The file beside the target is locked while its writer lives. A run that was killed leaves one that
is not: the next run with the same target removes it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

from rlcalc.errors import InputError, shown

try:
    import fcntl
except ImportError:  # Windows, which does not remove open files anyway
    fcntl = None  # type: ignore[assignment]

FIX = "give another file, or free some space"
SEARCHED = 8
"""Numbers of files beside a target that are looked at: of runs at the same time."""


@contextlib.contextmanager
def opened_file(output: str) -> Iterator[BinaryIO]:
    """Open a regular file that will be there whole or not at all; a device or a pipe as it is.

    Raises:
        InputError: it cannot be written.
    """
    try:
        number = _descriptor(output)
        mode = None if number is not None else _mode(output)
        if number is not None:  # /dev/stdout: what is there already stays
            target: int | str | None = os.dup(number)
        else:
            target = output if mode is not None and not stat.S_ISREG(mode) else None
        if target is not None:
            with open(target, "wb") as stream:
                yield stream
            return
        if mode is not None and not (mode & 0o222 and os.access(output, os.W_OK)):
            raise InputError(
                "cannot write: the file is read-only",
                shown(output),
                fix="give another file, or allow it with chmod u+w",
            )
        with _replaced(Path(os.path.realpath(output)), mode) as stream:
            yield stream
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", shown(output), FIX) from error


def _mode(output: str) -> int | None:
    """Return the type and the permissions of a file; None if it is not there yet."""
    try:
        return os.stat(output).st_mode
    except FileNotFoundError:
        return None


def _descriptor(output: str) -> int | None:
    """Return N for /dev/fd/N and what links to it, like /dev/stdout: a file that is open."""
    for _ in range(40):
        folder, name = os.path.split(output)
        if name.isascii() and name.isdigit():
            folder = os.path.realpath(folder)
            if folder in (f"/proc/{os.getpid()}/fd", "/dev/fd"):
                return int(name)
        if not os.path.islink(output):
            return None
        output = os.path.join(folder, os.readlink(output))
    return None


@contextlib.contextmanager
def _replaced(path: Path, mode: int | None) -> Iterator[BinaryIO]:
    """Open a file beside the target, and rename it to the target if all goes well."""
    name, handle = _locked(path)
    lock = os.dup(handle)  # it is locked until all copies are closed
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask if mode is None else stat.S_IMODE(mode))
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    finally:
        os.close(lock)


def _locked(path: Path) -> tuple[str, int]:
    """Return the name and the handle of a new, locked file beside a path; remove stale ones."""
    digest = zlib.crc32(os.fsencode(path.name))
    start = path.parent / f".{path.name[:40]}.{digest:08x}"  # a name may have 255 bytes, not more
    for number in range(SEARCHED):
        _remove_if_stale(f"{start}.{number}")
    for number in count():
        name = f"{start}.{number}"
        with contextlib.suppress(FileExistsError):  # of a run that is writing
            handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            if _lock(handle) and os.fstat(handle).st_nlink:
                return name, handle
            os.close(handle)  # another run thought that it was stale
    raise AssertionError


def _lock(handle: int, *, wait: bool = True) -> bool:
    """Lock an open file where the file system can, and return whether no other run has."""
    if fcntl is None:
        return wait
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: nothing is stale there
        return wait
    return True


def _remove_if_stale(name: str) -> None:
    """Remove a file that a killed run left: nobody has locked it."""
    with contextlib.suppress(OSError):
        handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if _lock(handle, wait=False):
                os.unlink(name)
        finally:
            os.close(handle)

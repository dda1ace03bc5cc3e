"""Files that are there whole or not at all: written beside the target, and renamed at the end.

The file beside the target is locked while its writer lives. A run that was killed leaves one that
is not: the next run with the same target removes it.

A file with other hard links, and one that may be written but not replaced (its folder is read-only,
or it is a mount), stays the file that it is: the whole content is copied over at the end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import threading
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
        status = None if number is not None else _status(output)
        if number is not None:  # /dev/stdout: what is there already stays
            target: int | str | None = os.dup(number)
        else:
            target = output if status and not stat.S_ISREG(status.st_mode) else None
        if target is not None:
            with open(target, "wb") as stream:
                yield stream
            return
        if status and not (status.st_mode & 0o222 and os.access(output, os.W_OK)):
            raise InputError(
                "cannot write: the file is read-only",
                shown(output),
                fix="give another file, or allow it with chmod u+w",
            )
        with _replaced(Path(os.path.realpath(output)), status) as stream:
            yield stream
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", shown(output), FIX) from error


def _status(output: str) -> os.stat_result | None:
    """Return the type, permissions and links of a file; None if it is not there yet."""
    try:
        return os.stat(output)
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
def _replaced(path: Path, old: os.stat_result | None) -> Iterator[BinaryIO]:
    """Open a file beside the target, and let it take the target's place if all goes well."""
    try:
        name, handle = _locked(path)
    except OSError:
        if old is None:
            raise
        name, handle = "", _nameless()
    lock = os.dup(handle)  # it is locked until all copies are closed
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        if not _renamed(name, path, old):
            _copy_over(lock, path)
    finally:
        _remove(name)
        _UNFINISHED.pop(name, None)
        os.close(lock)


def _renamed(name: str, path: Path, old: os.stat_result | None) -> bool:
    """Rename a file to its target, unless that cuts the target from other names or is refused."""
    if old is None:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
        return True
    if not name or old.st_nlink > 1:
        return False
    try:
        if hasattr(os, "chown"):
            os.chown(name, old.st_uid, old.st_gid)
        os.chmod(name, stat.S_IMODE(old.st_mode))
        os.replace(name, path)
    except OSError:  # somebody else's file, or a mount
        return False
    return True


def _copy_over(source: int, path: Path) -> None:
    """Write the content of an open file over that of a target, which stays the same file.

    A thread does it, with handles of its own: a signal interrupts only the main thread, wherever
    that is. `kill -9` would leave a part.
    """
    target = os.fdopen(os.open(path, os.O_WRONLY), "wb")
    _lock(target.fileno())
    faults: list[OSError] = []
    stream = os.fdopen(os.dup(source), "rb")
    worker = threading.Thread(target=_copy, args=(stream, target, faults))
    worker.start()
    worker.join()
    if faults:
        raise faults[0]


def _copy(stream: BinaryIO, target: BinaryIO, faults: list[OSError]) -> None:
    """Copy a file over another, close both, and add what the system refuses to the faults."""
    try:
        with _COPYING, stream, target:
            _reserve(target.fileno(), os.fstat(stream.fileno()).st_size)
            stream.seek(0)
            shutil.copyfileobj(stream, target, 1 << 20)
            target.truncate()
    except OSError as error:
        faults.append(error)


def _reserve(handle: int, size: int) -> None:
    """Let an open file have a size before anything in it changes, where the system can do that.

    Raises:
        OSError: there is not enough space, and the file is as it was.
    """
    before = os.fstat(handle).st_size
    if not size or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            os.ftruncate(handle, before)
            raise


def _nameless() -> int:
    """Return the handle of a new file in the folder of temporary files."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


_UNFINISHED: dict[str, os.stat_result] = {}
"""Files beside targets that are being written; a name may belong to another run once it is free."""

_COPYING = threading.Lock()
"""Held while content is copied over a target."""


def remove_unfinished() -> None:
    """Remove the files beside targets; for a process that ends right after, not by `finally`.

    It waits for content that is being copied over a target: a part of it would be left.
    """
    _COPYING.acquire()
    for name in tuple(_UNFINISHED):
        _remove(name)


def _remove(name: str) -> None:
    """Remove an unfinished file, if its name is still its own."""
    with contextlib.suppress(OSError, KeyError):
        if os.path.samestat(os.stat(name), _UNFINISHED[name]):
            os.unlink(name)


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
            _UNFINISHED[name] = os.fstat(handle)
            if _lock(handle) and os.fstat(handle).st_nlink:
                return name, handle
            os.close(handle)  # another run thought that it was stale
            del _UNFINISHED[name]
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

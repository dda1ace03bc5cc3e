"""Output: the format of an answer, and the file or stream that it is written to."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rlcalc.errors import InputError, UsageError, meant, shown
from rlcalc.renderers import FORMATS, SUFFIXES

if TYPE_CHECKING:
    from rlcalc.result import Result


def output_format(
    option: str | None, *, json: bool = False, csv: bool = False, output: str | None = None
) -> str:
    """Return the format of an answer: by option, by the suffix of -o, or by RLCALC_FORMAT.

    Raises:
        UsageError: two formats, by options or by suffix; or a name that is not a format.
    """
    options = {*([option] if option else []), *(["json"] * json), *(["csv"] * csv)}
    if len(options) > 1:
        raise UsageError(
            f"there are two formats: {' and '.join(sorted(options))}", fix="choose one of them"
        )
    suffix = os.path.splitext(output or "")[1].lstrip(".").lower()
    by_suffix = SUFFIXES.get(suffix, suffix)
    if options:
        form = options.pop()
        if by_suffix in FORMATS and by_suffix != form and suffix != "txt":
            raise UsageError(
                f"there are two formats: {form}, and {by_suffix} by the suffix of {shown(output)}",
                fix="leave out the format, or choose another suffix",
            )
        return form
    if output and by_suffix not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise UsageError(
            f"the suffix of {shown(output)} is not a format",
            fix=f"end the name in one of {known}, or add --format",
        )
    default = by_suffix if output else os.environ.get("RLCALC_FORMAT") or "table"
    if default not in FORMATS:
        raise UsageError(
            f"RLCALC_FORMAT is {shown(default)}",
            fix=meant(default, FORMATS) + f"set it to one of {', '.join(FORMATS)}",
        )
    return default


def write_output(
    result: Result, form: str, output: str | None = None, *, head: int | None, quiet: bool
) -> None:
    """Write a result to a file or to standard output, and its notes to standard error.

    Args:
        result: the answer.
        form: the format.
        output: a path; None for standard output.
        head: rows that a table shows; None for all.
        quiet: without the notes.

    Raises:
        InputError: the file cannot be written.
    """
    with open_output(output) as stream:
        write(result, form, escaped_output(stream, form), head=head)
    if quiet:
        return
    sys.stdout.flush()
    from rlcalc.numerics import kernel

    for note in (*result.notes, *kernel.NOTES):
        sys.stderr.write(f"note: {note}\n")
    if output:
        sys.stderr.write(f"wrote {len(result):,} rows to {shown(output)}\n")


def escaped_output(stream: BinaryIO, form: str) -> BinaryIO:
    """Return a stream for text that goes to a terminal with control characters escaped.

    Anywhere else, bytes stay as they are; a table escapes by itself.

    Raises:
        UsageError: the format is not text.
    """
    if form == "table" or stream is not sys.stdout.buffer or not sys.stdout.isatty():
        return stream
    if form == "parquet":
        raise UsageError(
            "Parquet is not text that a terminal can show", fix="write it with -o FILE.parquet"
        )
    return EscapedOutput(stream)


class EscapedOutput(io.BytesIO):
    """A stream in which characters that control a terminal are escaped, as JSON does it."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self.stream = stream

    def write(self, data: Any) -> int:
        """Write whole text: what is written at once has no part of a character."""
        text = _CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", bytes(data).decode())
        return self.stream.write(text.encode())


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, and those that turn the direction of writing."""


def write(result: Result, form: str, stream: BinaryIO, *, head: int | None = None) -> None:
    """Write a result to a stream of bytes."""
    import_module(f"rlcalc.renderers.{FORMATS[form]}").write(result, form, stream, head)


@contextlib.contextmanager
def open_output(output: str | None) -> Iterator[BinaryIO]:
    """Open a file that will be there whole or not at all; None is standard output."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    import tempfile

    device = os.path.abspath(output).startswith(("/dev/", "/proc/"))
    path = Path(output) if device else Path(os.path.realpath(output))
    try:
        if device or (path.exists() and not path.is_file()):  # a named pipe, say
            with path.open("wb") as stream:
                yield stream
            return
        mode = path.stat().st_mode if path.exists() else None
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror}",
            shown(output),
            fix="give another file, or free some space",
        ) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask if mode is None else stat.S_IMODE(mode))
        os.replace(name, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError):
            raise InputError(
                f"cannot write: {error.strerror}",
                shown(output),
                fix="give another file, or free some space",
            ) from error
        raise

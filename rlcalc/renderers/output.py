"""Output: the format of an answer, and the file or stream that it is written to."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO

from rlcalc.errors import UsageError, escaped, meant, shown
from rlcalc.renderers import BINARY, FORMATS, PICTURES, SUFFIXES
from rlcalc.renderers.messages import write_message
from rlcalc.renderers.whole_file import opened_file

if TYPE_CHECKING:
    from rlcalc.result import Result


def output_format(
    option: str | None,
    *,
    json: bool = False,
    csv: bool = False,
    plot: bool = False,
    output: str | None = None,
) -> str:
    """Return the format of an answer: by option, by the suffix of -o, or by RLCALC_FORMAT.

    Raises:
        UsageError: two formats, by options or by suffix; or a name that is not a format.
    """
    options = {*([option] if option else []), *(["json"] * json), *(["csv"] * csv)}
    options |= {"plot"} if plot else set()
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
        known = ", ".join(f".{name}" for name in FORMATS if name != "plot")
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
    if form in PICTURES:
        result = _with_charts(result)
    with open_output(output) as stream:
        write(result, form, escaped_output(stream, form), head=head)
    if quiet:
        return
    sys.stdout.flush()
    from rlcalc.numerics import kernel

    for note in (*result.notes, *kernel.NOTES):
        write_message(f"note: {note}")
    if output:
        what = "a picture" if form in PICTURES else f"{len(result):,} rows"
        write_message(f"wrote {what} to {shown(output)}")


def _with_charts(result: Result) -> Result:
    """Return an answer whose charts are there; refuse one that has no picture.

    Raises:
        UsageError: it has none.
    """
    if result.charts is None:
        raise UsageError(
            f"this answer of {result.command} has no picture",
            fix=f"write a table: -o answer.csv; pictures have {PICTURED}",
        )
    charts = result.charts()
    if not charts:
        raise UsageError(
            "there is nothing to draw: the answer has no numbers",
            fix="write a table: -o answer.csv",
        )
    return replace(result, charts=lambda: charts)


PICTURED = (
    "solve (and --trace), estimate (and --rows convergence), gain, advantage, evaluate (and "
    "--rows steps), model, gradient (and --steps), simulate --rows summary, group and objective"
)
"""The answers with a picture, in words."""


def require_drawing_program(form: str) -> None:
    """Refuse a picture before anything is read, if what draws it is not installed.

    Raises:
        InputError: it is not installed.
    """
    if form in PICTURES and form != "plot":
        from rlcalc.renderers.pictures.images import drawing_program

        drawing_program()


def write_fact(value: str | int | float | bool) -> None:
    """Write one fact to standard output, in full precision as JSON does, and text as it is."""
    stop_progress_of_terminal()
    text = str(value).lower() if isinstance(value, bool) else str(value)
    escaped_output(sys.stdout.buffer, "jsonl").write(f"{text}\n".encode())
    sys.stdout.buffer.flush()


def stop_progress_of_terminal() -> None:
    """Remove the line of progress before an answer is written to the same terminal."""
    progress = sys.modules.get("rlcalc.renderers.progress")
    if progress and sys.stdout.isatty():
        progress.stop_progress()


def escaped_output(stream: BinaryIO, form: str) -> BinaryIO:
    """Return a stream for text that goes to a terminal with control characters escaped.

    Anywhere else, bytes stay as they are; a table escapes by itself.

    Raises:
        UsageError: the format is not text.
    """
    if form in ("table", "plot") or stream is not sys.stdout.buffer or not sys.stdout.isatty():
        return stream
    if form in BINARY:
        name = "Parquet" if form == "parquet" else form.upper()
        raise UsageError(
            f"{name} is not text that a terminal can show", fix=f"write it with -o FILE.{form}"
        )
    return EscapedOutput(stream)


class EscapedOutput(io.BytesIO):
    """A stream in which what a terminal obeys or hides is escaped, as JSON does it."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self.stream = stream

    def write(self, data: Any) -> int:
        """Write whole text: what is written at once has no part of a character."""
        lines = bytes(data).decode().split("\n")
        return self.stream.write("\n".join(_shown_line(line) for line in lines).encode())


def _shown_line(line: str) -> str:
    """Return a line with every tab, and JSON's escapes for what a terminal obeys or hides."""
    return "\t".join(escaped(cell, _json_escape) for cell in line.split("\t"))


def _json_escape(sign: str) -> str:
    units = sign.encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def write(result: Result, form: str, stream: BinaryIO, *, head: int | None = None) -> None:
    """Write a result to a stream of bytes."""
    import_module(f"rlcalc.renderers.{FORMATS[form]}").write(result, form, stream, head)


@contextlib.contextmanager
def open_output(output: str | None) -> Iterator[BinaryIO]:
    """Open a file that will be there whole or not at all; None is standard output."""
    if output is None:
        stop_progress_of_terminal()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with opened_file(output) as stream:
        yield stream

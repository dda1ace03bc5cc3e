"""Lists of files: a text file with one path or address a line, as `--files` names it."""

from __future__ import annotations

import os
import sys

from rlcalc.errors import InputError, shown
from rlcalc.readers.addresses import is_address, path_of_file_address
from rlcalc.readers.sources import shown_path
from rlcalc.readers.table_names import without_table


def sources_of_list(path: str) -> list[str]:
    """Return the sources that a list names, without blank lines and those that begin with `#`.

    Paths are relative to the working directory. Addresses are looked up when they are read.

    Args:
        path: of the list; `-` is standard input.

    Raises:
        InputError: the list cannot be read or is empty, or a file in it is not there.
    """
    where = shown(shown_path(path), 200)
    sources: list[str] = []
    for number, line in enumerate(_text(path, where).splitlines(), start=1):
        source = line.strip()
        if not source or source.startswith("#"):
            continue
        file, _ = without_table(path_of_file_address(source) or source)
        is_remote = is_address(source) and path_of_file_address(source) is None
        if not (is_remote or os.path.exists(file)):
            raise InputError(
                f"there is no file {shown(source, 200)}",
                f"{where}, line {number}",
                "write one path or address a line, relative to the working directory",
            )
        sources.append(source)
    if not sources:
        raise InputError("this list names no file", where, "write one path or address a line")
    return sources


def _text(path: str, where: str) -> str:
    try:
        if path == "-":
            return (sys.stdin.buffer.read() if sys.stdin else b"").decode("utf-8-sig")
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise InputError("this list is not UTF-8", where, "save it as UTF-8") from error
    except OSError as error:
        what = f"cannot read the list of files: {error.strerror}"
        raise InputError(what, where, "see whether it is there and may be read") from error

"""The header of a table in text: its separator, its names, and the lines that stand before it."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rlcalc.errors import InputError, listed
from rlcalc.readers.column_names import COLUMN_NAMES
from rlcalc.readers.sources import File

csv.field_size_limit(max(csv.field_size_limit(), 1 << 28))  # responses are longer than 131,072

LONGEST = 1 << 20
SEPARATORS = (",", ";", "\t", "|")
"""What separates cells, in the order in which they are tried."""


@dataclass(frozen=True)
class CsvHeader:
    """How a table in text is written."""

    names: list[str]
    separator: str
    n_lines: int  # before the first row
    n_bytes: int
    spaced: bool  # a space follows each separator
    comment: str  # what a comment line before it says

    @property
    def decimal_comma(self) -> bool:
        """Whether numbers may have a comma: only where it does not separate cells."""
        return self.separator == ";"


def episode_columns(header: CsvHeader, columns: Mapping[str, str]) -> dict[str, str]:
    """Return what all rows of a log of episodes have; empty for other tables.

    Such a log has a row an episode, with its return r, length l and time t, as Gymnasium's
    RecordEpisodeStatistics gives them. Of Stable-Baselines3's Monitor it has a comment in JSON.

    Args:
        header: of a table.
        columns: those that the user names; without a comment they tell of another table.
    """
    if header.names[:3] != ["r", "l", "t"]:
        return {}
    about: object = {}
    if header.comment:
        try:
            about = json.loads(header.comment)
        except (ValueError, RecursionError):
            return {}
    steps = {*COLUMN_NAMES["state"], *COLUMN_NAMES["action"]}
    if not isinstance(about, dict) or (columns and not about) or not steps.isdisjoint(header.names):
        return {}
    return {"state": str(about.get("env_id", "start")), "action": "episode", "terminated": "true"}


def header_of(block: bytes, file: File) -> CsvHeader:
    """Return the header of a table, behind blank lines and comments.

    A comment begins with #. It is the header itself if it has as many cells as the next line.

    Args:
        block: the beginning of the table.
        file: names it in errors, and says whether it is CSV or TSV.

    Raises:
        InputError: there is no header of UTF-8 in lines of a usual length, or a name comes twice.
    """
    number, offset, comment = 0, 0, ""
    while True:
        end = block.find(b"\n", offset) + 1 or len(block)
        line, where = block[offset:end], file.at(f"line {number + 1}")
        if end - offset > LONGEST:
            raise InputError("the header is longer than 1 MB", where, "is this a table?")
        if b"\r" in line.rstrip(b"\r\n"):
            raise InputError(
                "lines end with a carriage return alone", where, "end them with line feeds"
            )
        try:
            text = line.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError("the header is not UTF-8", where, "save it as UTF-8") from error
        if end < len(block) and (not text.strip() or text.startswith("#")):
            following = block[end : block.find(b"\n", end) + 1 or len(block)].decode(
                errors="replace"
            )
            if not _is_header(text, following, file.kind):
                comment = text.lstrip("#").strip() or comment
                number, offset = number + 1, end
                continue
        break
    separator = _separator(text, file.kind)
    cells = next(csv.reader([text.lstrip("#")], delimiter=separator), [])
    names = [cell.strip() for cell in cells]
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise InputError(f"the columns {listed(twice)} come twice", where, "rename one")
    spaced = len(cells) > 1 and all(cell.startswith(" ") for cell in cells[1:])
    return CsvHeader(names, separator, number + 1, end, spaced, comment)


def _separator(text: str, kind: str) -> str:
    if kind == "tsv":
        return "\t"
    return next((sign for sign in SEPARATORS if sign in text), ",")


def _is_header(comment: str, following: str, kind: str) -> bool:
    """Whether a line that begins with # names columns, as numpy.savetxt writes it."""
    names = comment.lstrip("# ").split(_separator(comment, kind))
    cells = following.split(_separator(following, kind))
    return len(names) == len(cells) > 1 and not comment.lstrip("# ").startswith(("{", "["))

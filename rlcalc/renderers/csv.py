"""CSV and TSV: every row in full precision; no answer is an empty cell, an empty text is ""."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import BinaryIO

from rlcalc.result import Result

LARGE = 20_000
"""Rows from which Polars writes faster than it is imported."""

_FLAGS = {True: "true", False: "false"}
"""As Polars writes them."""


def write(result: Result, form: str, stream: BinaryIO, head: int | None) -> None:
    """Write a header and the rows."""
    separator = "\t" if form == "tsv" else ","
    columns = result.plain() if len(result) < LARGE else {}
    if not columns or any("" in cells for cells in columns.values()):  # "" is not a missing answer
        for number, part in enumerate(result.to_polars().iter_slices(LARGE)):
            text = part.write_csv(separator=separator, include_header=number == 0)
            stream.write(text.encode())
        return
    writer = csv.writer(_Lines(stream), delimiter=separator, lineterminator="\r\n")
    writer.writerow(columns)
    cells = ([_FLAGS[c] if isinstance(c, bool) else c for c in v] for v in columns.values())
    writer.writerows(zip(*cells, strict=True))


@dataclass(frozen=True)
class _Lines:
    """Takes rows that end in CR LF, so that a cell with either is quoted, and ends them in LF."""

    stream: BinaryIO

    def write(self, row: str) -> None:
        line = row.removesuffix("\r\n") + "\n"
        self.stream.write(line.encode("utf-8", "backslashreplace"))

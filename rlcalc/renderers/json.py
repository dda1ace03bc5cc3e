"""JSON and JSON Lines: every row in full precision; a missing answer is null."""

from __future__ import annotations

import json
from typing import BinaryIO

from rlcalc.result import Result
from rlcalc.version import __version__

LARGE = 20_000
"""Rows from which Polars writes lines faster than it is imported."""


def write(result: Result, form: str, stream: BinaryIO, head: int | None) -> None:
    """Write one object with the facts and the rows, or the rows alone, one a line."""
    lines = form == "jsonl"
    if not lines:
        about = {
            "command": result.command,
            "version": __version__,
            "sources": list(result.sources),
            "facts": result.plain_facts(),
        }
        opening = json.dumps(about, indent=2)
        stream.write(opening[:-2].encode() + b',\n  "rows": [')
    if len(result) >= LARGE:
        _write_large(result, stream, lines=lines)
    else:
        for number, row in enumerate(result.rows()):
            text = json.dumps(row, ensure_ascii=False, allow_nan=False)
            before = "" if lines else "\n    " if number == 0 else ",\n    "
            after = "\n" if lines else ""
            stream.write((before + text + after).encode("utf-8", "backslashreplace"))
    if not lines:
        stream.write(b"\n  ]\n}\n" if len(result) else b"]\n}\n")


def _write_large(result: Result, stream: BinaryIO, *, lines: bool) -> None:
    for number, part in enumerate(result.to_polars().iter_slices(LARGE)):
        text = part.write_ndjson()
        if not lines:
            text = ("," if number else "") + "\n" + text.rstrip("\n").replace("\n", ",\n")
        stream.write(text.encode())

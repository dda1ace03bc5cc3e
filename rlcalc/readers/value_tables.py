"""Tables of V and Q in files, as `estimate` and `solve` write them, in any format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlcalc.errors import InputError, listed
from rlcalc.readers import json as json_reader
from rlcalc.readers.places import parsed
from rlcalc.readers.sources import File, only_file, opened

NAMES = {"state": ("state", "s"), "action": ("action", "a"), "v": ("v", "value"), "q": ("q",)}
"""The columns, and the names they go by."""


def read_values(source: str) -> list[dict[str, Any]]:
    """Return the rows of a table, with the keys of `NAMES` that it has.

    Raises:
        InputError: it has no column for the state, or none for V or Q, or a cell is not a number.
    """
    with opened(only_file(source, "critic"), None) as file:
        columns = _columns(file)
        by_lower = {str(name).lower(): name for name in reversed(list(columns))}
        names = {
            meaning: by_lower[next(name for name in usual if name in by_lower)]
            for meaning, usual in NAMES.items()
            if any(name in by_lower for name in usual)
        }
        if "state" not in names or not {"v", "q"} & set(names):
            raise InputError(
                "no columns state and v (or state, action and q)",
                file.at(),
                f"give a table as solve writes it; there are {listed(map(str, columns), most=10)}",
            )
        kept = {meaning: columns[name] for meaning, name in names.items()}
        for letter in {"v", "q"} & set(kept):
            kept[letter] = [_number(v, f"row {n}", file) for n, v in enumerate(kept[letter], 1)]
        return [dict(zip(kept, row, strict=True)) for row in zip(*kept.values(), strict=True)]


def _number(value: Any, place: str, file: File) -> float | None:
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(
            f"a value is {str(value)[:40]!r}, expected a number", file.at(place), "correct it"
        ) from None


def _columns(file: File) -> Mapping[str, Sequence[Any]]:
    import polars as pl

    if file.kind in ("yaml", "json"):
        written, _ = parsed(file)
        rows = written.get("rows") if isinstance(written, dict) else written
        return _of_rows(rows if isinstance(rows, list) else [], file)
    data = file.stream.read()
    if file.kind == "jsonl":
        lines = data.split(b"\n")
        rows = [
            json_reader.value_of(x.decode(), file.at(), n)
            for n, x in enumerate(lines, 1)
            if x.strip()
        ]
        return _of_rows(rows, file)
    try:
        if file.kind == "parquet":
            return pl.read_parquet(data).to_dict(as_series=False)
        if file.kind == "arrow":
            return pl.read_ipc(data).to_dict(as_series=False)
        tab = "\t" if file.kind == "tsv" else ","
        return pl.read_csv(data, separator=tab, infer_schema=False).to_dict(as_series=False)
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"not a table: {str(error).splitlines()[0][:200]}", file.at(), "give a table"
        ) from error


def _of_rows(rows: list[Any], file: File) -> dict[str, list[Any]]:
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError("there are no rows", file.at(), "give a table as solve writes it")
    return {name: [row.get(name) for row in rows] for name in rows[0]}

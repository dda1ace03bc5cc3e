"""Tables of V and Q in files, as `estimate` and `solve` write them, in any format."""

from __future__ import annotations

from typing import Any

from rlcalc.errors import InputError, listed
from rlcalc.readers.answer_tables import table_of
from rlcalc.readers.sources import File, only_file, opened

NAMES = {"state": ("state", "s"), "action": ("action", "a"), "v": ("v", "value"), "q": ("q",)}
"""The columns, and the names they go by."""


def read_values(source: str) -> list[dict[str, Any]]:
    """Return the rows of a table, with the keys of `NAMES` that it has.

    Raises:
        InputError: it has no column for the state, or none for V or Q, or a cell is not a number.
    """
    with opened(only_file(source, "critic"), None) as file:
        columns, _ = table_of(file)
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

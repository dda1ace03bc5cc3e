"""A wandb table: one JSON object of columns and data, in which TRL, ms-swift and OpenRLHF log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlcalc.errors import InputError


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a table of wandb."""
    return isinstance(record.get("columns"), list) and isinstance(record.get("data"), list)


def records(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table, as records of whatever was logged there.

    Raises:
        InputError: it is no table, or a row has not one cell a column.
    """
    if not fits(record):
        raise InputError(
            "this is not a table of wandb", fix="leave out --from, or name another format"
        )
    columns = [str(name) for name in record["columns"]]
    for number, cells in enumerate(record["data"], start=1):
        if not isinstance(cells, list) or len(cells) != len(columns):
            raise InputError(
                f"row {number} of the table has not {len(columns)} cells",
                fix="log the table anew, or leave out the row",
            )
    return [dict(zip(columns, cells, strict=True)) for cells in record["data"]]

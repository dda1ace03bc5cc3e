"""Tables that pandas wrote as JSON documents: rows, however the document is turned.

`to_json` has `orient="records"`, which is a list of rows as other programs write it, and columns
(the default), index, table and values; split is read as a table of wandb.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlcalc.readers.rollouts.records import columns_of, record_layout
from rlcalc.readers.rollouts.request import NoRollouts

if TYPE_CHECKING:
    from rlcalc.readers.rollouts.builder import RolloutsBuilder


def rows_of_pandas(value: Any, where: str, builder: RolloutsBuilder) -> list[Any] | None:
    """Return the rows of a table of pandas, or None if the document is none.

    Columns of cells by row and rows of cells by column look alike: the first that has rewards and
    groups is taken.

    Raises:
        NoRollouts: the columns have no names.
    """
    if isinstance(value, list) and value and all(isinstance(row, list) for row in value):
        raise NoRollouts(
            "the columns of this table have no names: it is a list of lists",
            where,
            'write it with their names: to_json(orient="records")',
        )
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("schema"), dict) and isinstance(value.get("data"), list):
        return list(value["data"])
    entries = list(value.values())
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        return None
    names = list(dict.fromkeys(name for entry in entries for name in entry))
    turned = [{name: column.get(row) for name, column in value.items()} for row in names]
    fitting = [rows for rows in (turned, entries) if _fits(rows, where, builder)]
    return fitting[0] if fitting else None


def _fits(rows: list[dict[str, Any]], where: str, builder: RolloutsBuilder) -> bool:
    """Whether rows have rewards and groups."""
    columns = {**builder.partition, **columns_of(rows)}
    try:
        record_layout(builder.sniffed(columns, where).module, columns, None, where, builder.request)
    except NoRollouts:
        return False
    return True

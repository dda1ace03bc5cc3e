"""Records: lines of JSON that hold rollouts, added to a builder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rlcalc.errors import InputError
from rlcalc.readers.rollouts.dumps.layout import Layout
from rlcalc.readers.rollouts.request import RolloutRequest

if TYPE_CHECKING:
    import polars as pl

    from rlcalc.readers.rollouts.builder import RolloutsBuilder


CHUNK = 1 << 14


def add_records(
    records: list[dict[str, Any]],
    where: str,
    builder: RolloutsBuilder,
    place: Callable[[int], str],
) -> None:
    """Take in records that are in memory, whatever their format."""
    module = builder.dump_of(records[0], where)
    if hasattr(module, "records"):  # a table inside a record: its rows are records of a format
        try:
            inner = [row for record in records for row in module.records(record)]
        except InputError as error:
            fault = error.faults[0]
            raise InputError(fault.what, fault.where or where, fault.fix) from error
        if inner:
            builder.begin_inner_table(inner)
            add_records(inner, where, builder, lambda n: f"{where}, row {n + 1} of the table")
        return
    layout = layout_of(module, records[0], None, where, builder.request)
    if layout is None:
        builder.records(module, records, place)
    else:
        builder.plain_records(layout, records, place)


def layout_of(
    module: ModuleType,
    first: Mapping[str, Any],
    schema: Mapping[str, pl.DataType] | None,
    where: str,
    request: RolloutRequest,
) -> Layout | None:
    """Return where a table has what, with the columns that were asked for; None: rows are nested.

    Raises:
        InputError: a column that is needed or was asked for is not there.
    """
    from rlcalc.readers.rollouts.columns import length_kind, requested_layout
    from rlcalc.readers.rollouts.dumps.layout import finite

    if not hasattr(module, "layout"):
        return None
    numbers = [
        name
        for name, value in first.items()
        if (value is None or finite(value) if schema is None else schema[name].is_numeric())
    ]
    layout = module.layout(list(first), numbers)
    if layout is None:
        return None
    layout = requested_layout(layout, list(first), where, request)
    if request.length and (
        kind := length_kind(
            first.get(request.length), is_response=request.length == layout.response
        )
    ):
        layout = replace(layout, kinds={**layout.kinds, "length": kind})
    return layout

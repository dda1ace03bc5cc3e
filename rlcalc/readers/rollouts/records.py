"""Records: lines of JSON that hold rollouts, added to a builder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rlcalc.errors import InputError, listed
from rlcalc.readers.rollouts.dumps.layout import Layout, finite
from rlcalc.readers.rollouts.request import RolloutRequest

if TYPE_CHECKING:
    import polars as pl

    from rlcalc.readers.rollouts.builder import RolloutsBuilder


CHUNK = 1 << 14


class Columns:
    """The columns of a file: those of all its records, whatever their order.

    Attributes:
        values: by name a value of the column, which shows its type; None where all are missing.
            A mapping has the fields of all records.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)

    @property
    def n_names(self) -> int:
        """How many columns there are, with the fields of those that are mappings."""
        fields = (len(value) for value in self.values.values() if isinstance(value, dict))
        return len(self.values) + sum(fields)

    def add(self, records: Iterable[Mapping[str, Any]]) -> bool:
        """Add the columns of some records; return whether any is new, or shows another type."""
        before = {name: column_kind(value) for name, value in self.values.items()}
        numbers = {name for name, value in self.values.items() if finite(value)}
        for record in records:
            if record.keys() <= numbers:
                continue
            for name, value in record.items():
                if name in numbers:  # which stay
                    continue
                before_it = self.values.setdefault(name, value)
                if before_it is None:
                    self.values[name] = value
                elif isinstance(value, dict) and isinstance(before_it, dict):
                    self.values[name] = {**value, **before_it}
                if finite(value):
                    self.values[name] = value
                    numbers.add(name)
        return before != {name: column_kind(value) for name, value in self.values.items()}


def column_kind(value: Any) -> str:
    """Return which type of column a value of JSON shows."""
    return "number" if finite(value) else type(value).__name__


def columns_of(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a value of each column that some records have; see `Columns`."""
    columns = Columns({})
    columns.add(records)
    return columns.values


def add_records(
    records: list[dict[str, Any]],
    where: str,
    builder: RolloutsBuilder,
    place: Callable[[int], str],
) -> None:
    """Take in records that are in memory, whatever their format."""
    columns = columns_of(records)
    module = builder.dump_of(columns, where)
    if hasattr(module, "records"):  # a table inside a record: its rows are records of a format
        try:
            inner = [row for record in records for row in _rows_inside(module, record)]
        except InputError as error:
            fault = error.faults[0]
            raise InputError(fault.what, fault.where or where, fault.fix) from error
        if inner:
            builder.begin_inner_table(inner)
            add_records(inner, where, builder, lambda n: f"{where}, row {n + 1} of the table")
        return
    values = {**builder.partition, **columns}
    layout = record_layout(module, values, None, where, builder.request)
    if layout is None:
        builder.records(module, records, place)
    else:
        builder.plain_records(layout, columns, records, place)


def _rows_inside(module: ModuleType, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = record.get("columns")
    names = [str(name) for name in names] if isinstance(names, list) else []
    if len(set(names)) < len(names):
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        raise InputError(f"the table has the column {listed(twice)} twice", fix="rename one")
    rows: list[dict[str, Any]] = module.records(record)
    return rows


def record_layout(
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
    from rlcalc.readers.rollouts.columns import length_kind, nested_names, requested_layout
    from rlcalc.readers.rollouts.dumps.layout import finite

    if not hasattr(module, "layout"):
        return None
    numbers = [
        name
        for name, value in first.items()
        if (
            (value is None or finite(value))
            if schema is None
            else name in schema and schema[name].is_numeric()
        )
    ]
    layout = module.layout(list(first), numbers)
    if layout is None:
        return None
    layout = requested_layout(layout, list(first), where, request, nested_names(first, schema))
    if request.length and (
        kind := length_kind(
            first.get(request.length), is_response=request.length == layout.response
        )
    ):
        layout = replace(layout, kinds={**layout.kinds, "length": kind})
    return layout

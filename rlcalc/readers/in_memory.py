"""Tables that are in memory, as mappings of columns or pandas frames → Polars frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rlcalc.errors import InputError, shown

if TYPE_CHECKING:
    import polars as pl


def frame_of(source: Any) -> pl.DataFrame | pl.LazyFrame | None:
    """Return a table as a Polars frame, or None if it is not a table.

    Raises:
        InputError: its columns differ in length, or hold values that a column cannot.
    """
    if hasattr(source, "lazy"):
        frame: pl.DataFrame | pl.LazyFrame = source
        return frame
    if isinstance(source, Mapping):
        return _frame(source)
    if isinstance(source, list) and source and all(isinstance(one, Mapping) for one in source):
        return _frame_of_records(source)
    if hasattr(source, "__arrow_c_stream__") and not hasattr(source, "iloc"):
        import polars as pl

        return pl.DataFrame(source)
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        names = list(source.columns)
        return _frame({name: source.iloc[:, place] for place, name in enumerate(names)})
    return None


def holds_matrices(source: Any) -> bool:
    """Return whether a source is a mapping with arrays of two or three axes, so no table."""
    return isinstance(source, Mapping) and any(
        getattr(values, "ndim", 1) in (2, 3) for values in source.values()
    )


def _frame(columns: Mapping[Any, Any]) -> pl.DataFrame:
    import polars as pl

    for name, values in columns.items():
        if isinstance(values, str) or not hasattr(values, "__len__"):  # Polars would repeat it
            raise InputError(
                f"{shown(name)} is {shown(repr(values), 40)}, expected a column",
                "the mapping",
                "give a list or an array for every column",
            )
    fix = "give columns of one length, each of one type"
    with _table_errors("columns", "the mapping", fix):
        return pl.DataFrame({str(name): _values(values) for name, values in columns.items()})


def _frame_of_records(records: list[Any]) -> pl.DataFrame:
    import polars as pl

    fix = "give every record the same keys, each with values of one type"
    with _table_errors("records", "the list", fix):
        return pl.DataFrame([dict(record) for record in records], infer_schema_length=None)


@contextmanager
def _table_errors(noun: str, where: str, fix: str) -> Iterator[None]:
    """Turn what Polars raises over values that are no table into an input error."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        what = shown(str(error).splitlines()[0], 200)
        raise InputError(f"these {noun} are not a table: {what}", where, fix) from error


def _values(values: Any) -> Any:
    """A column as Polars takes it without pyarrow: pandas writes NaN and NA for missing text."""
    if not hasattr(values, "iloc"):
        return values
    array = values.to_numpy()
    if array.dtype != object:
        return array
    return [None if _is_missing(value) else value for value in array.tolist()]


def _is_missing(value: Any) -> bool:
    return (isinstance(value, float) and value != value) or type(value).__name__ in MISSING


MISSING = ("NAType", "NaTType")
"""What pandas calls the types of what is missing."""

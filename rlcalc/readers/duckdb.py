"""Tables of DuckDB files, by DuckDB itself, which is an extra.

Views may not read other files, and no extension is loaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import polars as pl

from rlcalc.errors import InputError, shown
from rlcalc.readers.sqlite import quoted

ROWS = 1 << 17
"""Rows that are read at a time."""

CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}


@contextmanager
def reported(where: str) -> Iterator[None]:
    """Turn what DuckDB raises into what, where and how to fix it."""
    try:
        duckdb = importlib.import_module("duckdb")
    except ImportError as error:
        raise InputError(
            "this is a DuckDB file, and DuckDB is not installed",
            where,
            "pip install 'rlcalc[duckdb]', or write the table as Parquet",
        ) from error
    try:
        yield
    except duckdb.Error as error:
        first = shown(str(error).splitlines()[0], 200)
        raise InputError(
            f"this DuckDB file cannot be read: {first}",
            where,
            "if it was cut off or damaged, or a program writes it, read a copy of it",
        ) from error


@contextmanager
def opened(path: str, where: str) -> Iterator[Tables]:
    """Open a file, which is never written; `where` names it."""
    duckdb = importlib.import_module("duckdb")
    with duckdb.connect(path, read_only=True, config=CONFIG) as connection:
        yield Tables(connection)


class Tables:
    """The tables of one open file."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.address: dict[str, str] = {}  # of tables and views by their names, as SQL writes it
        self.views: set[str] = set()
        for kind in ("table", "view"):
            names = connection.execute(
                f"SELECT schema_name, {kind}_name FROM duckdb_{kind}s() WHERE NOT internal"
            ).fetchall()
            for schema, name in names:
                shown_name = name if schema == "main" else f"{schema}.{name}"
                self.address[shown_name] = f"{quoted(schema)}.{quoted(name)}"
                self.views |= {shown_name} if kind == "view" else set()

    def tables(self) -> list[str]:
        """Return the names of tables and views; those of other schemas with the schema's."""
        return sorted(self.address)

    def schema(self, table: str) -> dict[str, pl.DataType]:
        """Return the columns of a table, and what they hold."""
        frame = self._frame(f"SELECT * FROM {self.address[table]} LIMIT 0")
        return {name: _plain(kind) for name, kind in frame.schema.items()}

    def frames(self, table: str, schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        """Yield some columns of a table, some rows at a time; those of a view at once."""
        address = self.address[table]
        select = f"SELECT {', '.join(map(quoted, schema)) or 'NULL'} FROM {address}"
        if table in self.views:  # their rows have no numbers
            yield self._frame(select).cast(dict(schema))  # type: ignore[arg-type]
            return
        last = self.connection.execute(f"SELECT max(rowid) FROM {address}").fetchall()[0][0]
        for first in range(0, -1 if last is None else last + 1, ROWS):
            part = f"{select} WHERE rowid >= {first} AND rowid < {first + ROWS}"
            yield self._frame(part).cast(dict(schema))  # type: ignore[arg-type]

    def _frame(self, select: str) -> pl.DataFrame:
        cursor = self.connection.cursor()
        try:
            return pl.DataFrame(cursor.sql(select))
        finally:
            cursor.close()


def _plain(kind: pl.DataType) -> pl.DataType:
    """Return the type of a column, with text for words of a list, whose numbers may change."""
    return pl.String() if isinstance(kind, pl.Categorical | pl.Enum) else kind

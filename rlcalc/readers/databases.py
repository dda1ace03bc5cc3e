"""Tables of databases as frames: SQLite by Python's own library, DuckDB by the extra `duckdb`.

A file is opened to be read alone, and nothing is run but a SELECT on one table or view.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import polars as pl

from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.readers.frame_source import lazy_frame
from rlcalc.readers.sources import BLOCK, File
from rlcalc.readers.table_names import SIGN

MODULES = {"sqlite": "rlcalc.readers.sqlite", "duckdb": "rlcalc.readers.duckdb"}


class Database(Protocol):
    """One open file."""

    def tables(self) -> list[str]:
        """Return the names of its tables and views."""

    def schema(self, table: str) -> dict[str, pl.DataType]:
        """Return the columns of a table, and what they hold."""

    def frames(self, table: str, schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        """Yield some columns of a table, some rows at a time."""


def scan(file: File) -> pl.LazyFrame:
    """Return the table that a source names, or the only one, as a frame that is not read yet.

    Raises:
        InputError: the file cannot be read, or has several tables and none is named.
    """
    module = importlib.import_module(MODULES[file.kind])
    where = file.at()
    opening: AbstractContextManager[Database] = module.opened(_path(file), where)
    with module.reported(where):
        database = file.copies.enter_context(opening)
        table = _chosen(database.tables(), file)
        schema = database.schema(table)

    def frames(names: list[str]) -> Iterator[pl.DataFrame]:
        with module.reported(where):
            yield from database.frames(table, {name: schema[name] for name in names})

    return lazy_frame(pl.Schema(schema), frames)


def _path(file: File) -> str:
    """Return where the file stands on disk; what is compressed or piped is copied there.

    The copy has a name, as databases open files by their names.
    """
    if file.path is not None:
        return file.path
    import shutil
    import tempfile

    make = tempfile.NamedTemporaryFile
    copy = file.copies.enter_context(make())
    shutil.copyfileobj(file.stream, copy, BLOCK)
    copy.flush()
    return copy.name


def _chosen(tables: Sequence[str], file: File) -> str:
    if file.table in tables:
        return str(file.table)
    if file.table is not None:
        raise InputError(
            f"there is no table {shown(file.table)}",
            file.at(),
            meant(file.table, tables) + f"there are {listed(tables, most=20)}",
        )
    if not tables:
        raise InputError("the database has no tables", file.at(), "give one with a table")
    if len(tables) > 1:
        raise InputError(
            f"the database has the tables {listed(tables, most=20)}",
            file.at(),
            f"name one behind its file: {shown(file.name, 200)}{SIGN}{shown(tables[0])}",
        )
    return tables[0]

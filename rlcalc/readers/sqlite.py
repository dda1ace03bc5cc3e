"""Tables of SQLite files, by Python's own library.

Cells of a column may have any type there, whatever is declared. A column that is declared as text
or as real numbers is taken for that, and a cell of another type is an error. Each other column is
looked at as a whole once: it is whole numbers, numbers, or text where there is any text.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any
from urllib.request import pathname2url

import polars as pl

from rlcalc.errors import InputError, shown

WAL = b"\x02"
"""How a file says that newer rows may stand in another file beside it."""

DAMAGED = "if it was cut off or damaged, write it anew; if a program writes it, wait for its end"


@contextmanager
def reported(where: str) -> Iterator[None]:
    """Turn what SQLite raises into what, where and how to fix it."""
    try:
        yield
    except sqlite3.Error as error:
        what = f"this SQLite file cannot be read: {shown(error, 200)}"
        raise InputError(what, where, DAMAGED) from error


@contextmanager
def opened(path: str, where: str) -> Iterator[Tables]:
    """Open a file, which is never written.

    Args:
        path: of the file.
        where: names it.

    Raises:
        InputError: it is cut off.
    """
    with open(path, "rb") as file:
        head, size = file.read(HEADER), os.fstat(file.fileno()).st_size
    page = int.from_bytes(head[16:18]) or 1
    page = 1 << 16 if page == 1 else page
    is_counted = head[24:28] == head[92:96]  # else a program of long ago wrote it last
    if size % page or size < page or (is_counted and size < page * int.from_bytes(head[28:32])):
        raise InputError("this SQLite file is cut off", where, DAMAGED)
    with closing(_connected(path, newer=head[19:20] == WAL)) as connection:
        for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON"):
            connection.execute(f"PRAGMA {pragma}")
        yield Tables(connection, where)


HEADER = 100
"""Bytes of the header: the size of a page, the number of pages, and who wrote them."""


def _connected(path: str, *, newer: bool) -> sqlite3.Connection:
    """Return a connection that writes nothing beside the file either, where it can do without.

    Args:
        path: of the file.
        newer: newer rows may stand in another file beside it, its log.
    """
    has_newer = newer and os.path.isfile(f"{path}-wal") and os.path.getsize(f"{path}-wal") > 0
    settled = "&immutable=1" if newer and not has_newer else ""
    address = f"file:{pathname2url(os.path.abspath(path))}?mode=ro{settled}"
    return sqlite3.connect(address, uri=True, check_same_thread=False)


def quoted(name: str) -> str:
    """Return a name as SQL writes it.

    >>> print(quoted('a "b'))
    "a ""b"
    """
    return '"' + name.replace('"', '""') + '"'


class Tables:
    """The tables of one open file."""

    def __init__(self, connection: sqlite3.Connection, where: str) -> None:
        self.connection, self.where = connection, where

    def tables(self) -> list[str]:
        """Return the names of tables and views, but for those that SQLite keeps itself."""
        rows = self.connection.execute("PRAGMA main.table_list").fetchall()
        names = [str(row[1]) for row in rows if row[0] == "main" and row[2] != "shadow"]
        return sorted(name for name in names if not name.startswith("sqlite_"))

    def schema(self, table: str) -> dict[str, pl.DataType]:
        """Return the columns of a table, and what their cells hold."""
        about = self.connection.execute(f"PRAGMA main.table_xinfo({quoted(table)})").fetchall()
        declared = {str(row[1]): str(row[2]) for row in about if row[6] != HIDDEN}
        kinds = {name: _declared(kind) for name, kind in declared.items()}
        unknown = [name for name, kind in kinds.items() if kind is None]
        for first in range(0, len(unknown), MOST_AT_ONCE):
            names = unknown[first : first + MOST_AT_ONCE]
            seen = ", ".join(f"max({RANK.format(quoted(name))})" for name in names)
            ranks = self.connection.execute(f"SELECT {seen} FROM {quoted(table)}").fetchone()
            kinds |= {name: RANKED[rank or 0] for name, rank in zip(names, ranks, strict=True)}
        return {name: kind or pl.Null() for name, kind in kinds.items()}

    def frames(self, table: str, schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        """Yield some columns of a table, some rows at a time.

        Raises:
            InputError: a cell is not of the type of its column.
        """
        columns = ", ".join(map(_cell, schema, schema.values()))
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(f"SELECT {columns} FROM {quoted(table)}")
            first = 1
            while rows := cursor.fetchmany(ROWS):
                yield pl.DataFrame(
                    {
                        name: self._column(name, [row[n] for row in rows], kind, first)
                        for n, (name, kind) in enumerate(schema.items())
                    }
                )
                first += len(rows)

    def _column(self, name: str, cells: list[Any], kind: pl.DataType, first: int) -> pl.Series:
        try:
            return pl.Series(name, cells, kind, strict=True)
        except (TypeError, pl.exceptions.PolarsError) as error:
            fits = {pl.String: str, pl.Float64: int | float, pl.Int64: int}[type(kind)]
            wrong = next(
                n for n, x in enumerate(cells) if x is not None and not isinstance(x, fits)
            )
            raise InputError(
                f"{shown(name)} is {shown(repr(cells[wrong]), 40)}, and its column is declared as "
                f"{'text' if kind == pl.String else 'numbers'}",
                f"{self.where}, row {first + wrong}",
                "give all cells of a column one type",
            ) from error


ROWS = 1 << 13
"""Rows that are read at a time: few enough for the cache, as each cell is an object."""

HIDDEN = 1
"""How SQLite marks the columns of virtual tables that are arguments."""

MOST_AT_ONCE = 400
"""Columns that one SELECT looks at; SQLite takes 2,000."""

RANK = (
    "CASE typeof({}) WHEN 'null' THEN 0 WHEN 'integer' THEN 1 WHEN 'real' THEN 2 "
    "WHEN 'text' THEN 3 ELSE 4 END"
)
RANKED: tuple[pl.DataType, ...] = (pl.Int64(), pl.Int64(), pl.Float64(), pl.String(), pl.Binary())
"""What a column holds by the highest rank of its cells."""


TEXT = "CASE typeof({0}) WHEN 'blob' THEN {0} ELSE CAST({0} AS TEXT) END"


def _declared(kind: str) -> pl.DataType | None:
    """Return what a declared type holds, by SQLite's own rules; None: its cells must be seen."""
    kind = kind.upper()
    if "INT" in kind:
        return None
    if any(word in kind for word in ("CHAR", "CLOB", "TEXT")):
        return pl.String()
    return pl.Float64() if any(word in kind for word in ("REAL", "FLOA", "DOUB")) else None


def _cell(name: str, kind: pl.DataType) -> str:
    """Return how SQL reads a column: in one type, where cells of several were seen."""
    if isinstance(kind, pl.Binary):
        return f"CAST({quoted(name)} AS BLOB)"
    if isinstance(kind, pl.String):
        return TEXT.format(quoted(name))
    return quoted(name)

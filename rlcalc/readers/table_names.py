"""Names of tables in databases: `run.sqlite::steps` is the table `steps` of the file."""

from __future__ import annotations

import os

SIGN = "::"


def without_table(source: str) -> tuple[str, str | None]:
    """Return the path of a source, and the table that it names behind `::`; None: it names none.

    A file whose own name has this sign is itself.

    >>> without_table("runs/*.sqlite::steps"), without_table("run.csv")
    (('runs/*.sqlite', 'steps'), ('run.csv', None))
    """
    if SIGN not in source or os.path.exists(source):
        return source, None
    path, _, table = source.rpartition(SIGN)
    return path, table


def with_table(path: str, table: str | None) -> str:
    """Return the source that names a table of a file."""
    return path if table is None else f"{path}{SIGN}{table}"

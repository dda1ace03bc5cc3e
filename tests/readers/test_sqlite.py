"""SQLite's own ways: types of cells, logs beside the file, virtual tables."""

import contextlib
import sqlite3
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc as library
from rlcalc.errors import InputError
from rlcalc.readers.sqlite import Tables, opened


def tables_of(*statements: str) -> Tables:
    connection = sqlite3.connect(":memory:")
    for statement in statements:
        connection.execute(statement)
    return Tables(connection, "here")


cells = st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text()


@given(st.lists(cells, min_size=1))
def test_a_column_without_a_type_is_what_its_cells_are(values: list[object]) -> None:
    tables = tables_of("CREATE TABLE t (x)")
    tables.connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    schema = tables.schema("t")
    frame = pl.concat(tables.frames("t", schema))
    known = [value for value in values if value is not None]
    kind = pl.Int64()
    for type_, polars in ((float, pl.Float64()), (str, pl.String())):
        kind = polars if any(isinstance(value, type_) for value in known) else kind

    assert schema == {"x": kind}
    assert frame["x"].null_count() == len(values) - len(known)
    if kind == pl.String():
        texts = [value for value in values if isinstance(value, str)]
        assert set(texts) <= set(frame["x"].to_list())
    else:
        assert frame["x"].to_list() == values


@pytest.mark.parametrize(
    ("declared", "cell", "what"),
    [
        ("REAL", "many", "reward is 'many', and its column is declared as numbers"),
        ("TEXT", b"\0", "reward is b'\\x00', and its column is declared as text"),
        ("INTEGER", "many", "reward is 'many', expected a finite number"),
        ("BLOB", b"\0", "reward has the type Binary"),
        ("", float("inf"), "reward is inf, expected a finite number"),
    ],
)
def test_a_cell_of_another_type_is_found(
    declared: str, cell: object, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE t (state, action, reward {declared})")
        connection.executemany("INSERT INTO t VALUES ('a', 'b', ?)", [(1,), (cell,)])
        connection.commit()
    with pytest.raises(InputError) as error:
        library.gain(path, one_step=True)

    assert what in error.value.faults[0].what
    assert "Binary" in what or error.value.faults[0].where == f"{path}, row 2"


def test_numbers_that_are_declared_whole_may_have_fractions(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (state INTEGER, action, reward INTEGER)")
        connection.execute("INSERT INTO t VALUES (1, 2, 0.5), (2, 2, 1)")
        connection.commit()

    assert list(library.gain(path, one_step=True).columns["gain"].values) == [0.5, 1.0]


def test_rows_in_the_log_beside_the_file_are_read(tmp_path: Path) -> None:
    """While a program writes them, and after it; in a folder that cannot be written too."""
    path = tmp_path / "a.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (state, action, reward)")
    connection.execute("INSERT INTO t VALUES ('a', 'b', 1)")
    connection.commit()

    assert len(library.gain(path, one_step=True)) == 1
    connection.close()
    assert len(library.gain(path, one_step=True)) == 1
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_tables_that_sqlite_keeps_itself_are_not_offered() -> None:
    tables = tables_of(
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b INTEGER AS (a + 1))",
        "CREATE VIRTUAL TABLE words USING fts5(x)",
    )

    assert tables.tables() == ["t", "words"]
    assert list(tables.schema("t")) == ["a", "b"]


def test_a_view_may_not_call_what_changes_something(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIEW v AS SELECT load_extension('x') AS reward")
        connection.commit()

    with pytest.raises(InputError, match="this SQLite file cannot be read"):
        library.gain(path)
    with opened(str(path), "here") as tables, pytest.raises(sqlite3.Error):
        tables.connection.execute("CREATE TABLE x (y)")

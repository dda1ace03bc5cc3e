"""DuckDB's own ways: its types, schemas, views of other files, and its absence."""

import sys
from pathlib import Path

import duckdb
import pytest

import rlcalc as library
from rlcalc.errors import InputError


def written(path: Path, *statements: str) -> Path:
    with duckdb.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def test_types_of_duckdb_are_labels_and_numbers(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.duckdb",
        "CREATE TYPE way AS ENUM ('left', 'right')",
        "CREATE TABLE t (episode UUID, t TIMESTAMP, state INTEGER[], action way, "
        "reward DECIMAL(9, 2), terminated BOOLEAN)",
        "INSERT INTO t SELECT uuid(), TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND, [i, i], "
        "CASE WHEN i = 1 THEN 'left' ELSE 'right' END, i + 0.25, true FROM range(3) r(i)",
    )
    columns = library.gain(path).columns

    assert list(columns["gain"].values) == [0.25, 1.25, 2.25]
    assert list(columns["state"].values) == ["[0,0]", "[1,1]", "[2,2]"]
    assert list(columns["action"].values) == ["right", "left", "right"]


def test_a_row_may_be_a_trajectory_with_lists(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.duckdb",
        "CREATE TABLE t (states VARCHAR[], actions INTEGER[], rewards DOUBLE[])",
        "INSERT INTO t VALUES (['a', 'b'], [0, 1], [1, 2]), (['a'], [0], [5])",
    )

    assert list(library.gain(path).columns["gain"].values) == [3.0, 2.0, 5.0]


def test_tables_of_other_schemas_have_its_name(tmp_path: Path) -> None:
    table = "(state VARCHAR, action VARCHAR, reward DOUBLE)"
    path = written(
        tmp_path / "a.duckdb",
        "CREATE SCHEMA logs",
        f"CREATE TABLE logs.t {table}",
        f'CREATE TABLE "logs.u" {table}',
        "INSERT INTO logs.t VALUES ('a', 'b', 7)",
        "INSERT INTO \"logs.u\" VALUES ('a', 'b', 8)",
    )

    for name, gain in (("logs.t", 7.0), ("logs.u", 8.0)):
        result = library.gain(f"{path}::{name}", one_step=True)
        assert list(result.columns["gain"].values) == [gain]


def test_a_view_of_another_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("state,action,reward\na,b,1\n")
    path = written(
        tmp_path / "a.duckdb",
        f"CREATE VIEW v AS SELECT * FROM read_csv('{tmp_path}/secret.csv')",
    )

    with pytest.raises(InputError, match=r"Permission Error|disabled"):
        library.gain(path, one_step=True)


def test_a_file_that_another_program_writes_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE t (state VARCHAR, action VARCHAR, reward DOUBLE)")
        with pytest.raises(InputError, match="this DuckDB file cannot be read"):
            library.gain(path, one_step=True)


def test_without_duckdb_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.duckdb", "CREATE TABLE t (reward DOUBLE)")
    monkeypatch.setitem(sys.modules, "duckdb", None)

    with pytest.raises(InputError, match="DuckDB is not installed") as error:
        library.gain(path)
    assert "rlcalc[duckdb]" in error.value.faults[0].fix

"""Tables of SQLite and DuckDB are sources like any other table, with a name behind `::`."""

import contextlib
import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

import rlcalc as library
from rlcalc.errors import InputError
from tests.conftest import Shell

STEPS = (
    "CREATE TABLE steps (episode INTEGER, t INTEGER, state TEXT, action TEXT, reward REAL, "
    "terminated BOOLEAN)"
)
ROWS = [(e, t, f"s{t}", "go", float(t == 2), t == 2) for e in range(3) for t in range(3)]

Write = Callable[..., Path]


def run_sqlite(path: Path, *statements: str) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


def run_duckdb(path: Path, *statements: str) -> Path:
    with duckdb.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def inserted(table: str, rows: list[tuple[object, ...]]) -> str:
    values = ", ".join(str(row) for row in rows)
    return f"INSERT INTO {table} VALUES {values}"


@pytest.fixture(params=["sqlite", "duckdb"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """Return what runs statements in a new file of the test's folder."""
    run = {"sqlite": run_sqlite, "duckdb": run_duckdb}[request.param]

    def written(*statements: str, name: str = "run") -> Path:
        return run(tmp_path / f"{name}.{request.param}", *statements)

    return written


def refused(source: Path | str) -> str:
    with pytest.raises(InputError) as error:
        library.gain(str(source))
    fault = error.value.faults[0]
    return f"{fault.what} | {fault.where} | {fault.fix}"


def test_the_only_table_is_read(write: Write, tmp_path: Path, rlcalc: Shell) -> None:
    """As CSV of the same rows is: in a file, a folder, a pipe, compressed, and by shards."""
    path = write(STEPS, inserted("steps", ROWS))
    frame = pl.DataFrame(
        ROWS, ["episode", "t", "state", "action", "reward", "terminated"], orient="row"
    )
    frame.write_csv(tmp_path / "same.csv")
    same = rlcalc("estimate", "same.csv", "-g", "0.5", "--csv").stdout
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "packed.gz").write_bytes(gzip.compress(path.read_bytes()))

    for source in (path, "folder", "packed.gz", f"{path}::steps"):
        assert rlcalc("estimate", source, "-g", "0.5", "--csv").stdout == same
    assert rlcalc("estimate", "-", "-g", "0.5", "--csv", stdin=path.read_bytes()).stdout == same
    shards = rlcalc("estimate", path, "-g", "0.5", "--csv", "--engine", "threads")
    assert shards.stdout == same
    assert library.check(path).facts["format"] == path.suffix[1:]


def test_rollouts_models_and_answers_are_read(write: Write, rlcalc: Shell) -> None:
    rollouts = [(f"p{n // 2}", n % 2) for n in range(8)]
    dump = write(
        "CREATE TABLE r (prompt TEXT, reward REAL)", inserted("r", rollouts), name="rollouts"
    )
    model = write(
        "CREATE TABLE m (state TEXT, action TEXT, next_state TEXT, probability REAL, reward REAL)",
        "INSERT INTO m VALUES ('a', 'go', 'b', 1, 5)",
        name="model",
    )
    answer = write(
        "CREATE TABLE v (state TEXT, v REAL)", "INSERT INTO v VALUES ('a', 5)", name="answer"
    )

    assert library.load_rollouts(dump).n_groups == 4
    assert 5 in library.solve(model, gamma=0.9).columns["v"].values
    compared = rlcalc("compare", answer, answer, "--csv")
    assert compared.returncode == 0, compared.stderr


def test_several_tables_are_listed_and_one_is_named(write: Write, tmp_path: Path) -> None:
    path = write(
        STEPS,
        inserted("steps", ROWS),
        "CREATE TABLE notes (x TEXT)",
        "CREATE VIEW late AS SELECT * FROM steps WHERE episode > 0",
    )

    assert "has the tables late, notes and steps" in refused(path)
    assert f"{path}::late" in refused(path)
    assert len(library.gain(f"{path}::steps")) == 9
    assert len(library.gain(f"{tmp_path}/ru*::late")) == 6
    assert "did you mean steps?" in refused(f"{path}::step")
    assert "no column for the state, action and reward" in refused(f"{path}::notes")
    assert "there is no file" in refused(f"{tmp_path}/other{path.suffix}::steps")


def test_tables_stand_in_lists_of_files_and_behind_addresses(
    write: Write, tmp_path: Path, rlcalc: Shell
) -> None:
    path = write(STEPS, inserted("steps", ROWS), "CREATE TABLE notes (x TEXT)")
    (tmp_path / "list.txt").write_text(f"{path}::steps\nfile://{path}::steps\n")

    done = rlcalc("gain", "--files", "list.txt", "--csv")
    assert done.stdout.count("\n") == 19, done.stderr


def test_names_are_quoted(write: Write) -> None:
    """So that a name is never a piece of SQL."""
    name = 'a "b"; DROP TABLE x'
    quoted = name.replace('"', '""')
    path = write(
        "CREATE TABLE x (y TEXT)",
        f'CREATE TABLE "{quoted}" (state TEXT, action TEXT, reward REAL, "{quoted}" TEXT)',
        f"INSERT INTO \"{quoted}\" VALUES ('a', 'go', 1, 'e')",
    )

    columns = {"trajectory": name}
    assert library.gain(f"{path}::{name}", columns=columns).columns["gain"].values == [1.0]
    assert "has the tables" in refused(path)


def test_options_of_tables_apply(write: Write) -> None:
    """--columns, --where and --order-by, and rows out of order."""
    path = write(
        "CREATE TABLE log (run INTEGER, n INTEGER, pos TEXT, act TEXT, cost REAL)",
        inserted("log", [(1, 2, "b", "x", 2.0), (1, 1, "a", "x", 1.0), (2, 1, "a", "x", 7.0)]),
    )
    columns = {"trajectory": "run", "state": "pos", "action": "act", "reward": "-cost"}
    result = library.gain(path, columns=columns, order_by="n", where="run = 1")

    assert list(result.columns["gain"].values) == [-2.0, -3.0]  # in the order of the table


def test_rows_are_read_in_their_order_some_at_a_time(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(STEPS, inserted("steps", ROWS), "DELETE FROM steps WHERE episode = 1")
    whole = library.gain(path, gamma=0.5).columns["gain"].values
    for size in (1, 4):
        for module in ("sqlite", "duckdb"):
            monkeypatch.setattr(f"rlcalc.readers.{module}.ROWS", size)

        assert list(library.gain(path, gamma=0.5).columns["gain"].values) == list(whole)
    assert list(whole) == [0.25, 0.5, 1.0] * 2


def test_what_cannot_be_read(write: Write, tmp_path: Path) -> None:
    path = write(STEPS, inserted("steps", ROWS))
    (tmp_path / "steps.csv").write_text("state,action,reward\na,b,1\n")
    cut = tmp_path / f"cut{path.suffix}"
    for size in (50, 2000, path.stat().st_size - 3000):
        cut.write_bytes(path.read_bytes()[:size])

        assert f"{cut}" in refused(cut)
    cut.write_bytes(path.read_bytes()[:40] + b"junk" * 9999)
    assert f"{cut}" in refused(cut)
    empty = write("CREATE TABLE x (y TEXT)", "DROP TABLE x", name="empty")
    assert "the database has no tables" in refused(empty)
    assert "this is not a database" in refused(f"{tmp_path}/steps.csv::steps")


def test_a_wrong_cell_is_found_with_its_row(write: Write) -> None:
    rows = [("a", "go", "1"), ("a", "go", "many")]
    path = write("CREATE TABLE s (state TEXT, action TEXT, reward TEXT)", inserted("s", rows))

    with pytest.raises(InputError, match="reward is 'many', expected a finite number") as error:
        library.gain(path, one_step=True)
    assert error.value.faults[0].where == f"{path}, row 2"


def test_the_file_is_not_changed(write: Write, tmp_path: Path) -> None:
    """Nor is anything written beside it."""
    path = write(STEPS, inserted("steps", ROWS))
    before = path.read_bytes()
    path.chmod(0o444)
    library.gain(path)

    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]

"""One number is one label: a table gives the same rows in any format, however it is cut."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.readers import sources
from rlcalc.readers.trajectories import jsonl, parquet

Row = dict[str, Any]

whole = st.sampled_from([0, 1, 2, 7, -3, 2**53 + 1])
wholes = st.lists(st.tuples(whole, whole, st.integers(-5, 5)), min_size=1, max_size=5)
fraction = st.sampled_from([0.5, -1.25, 1e-7])
mixed = st.tuples(whole | fraction, whole | fraction, st.integers(-5, 5))
episodes = st.lists(wholes | st.lists(mixed, min_size=1, max_size=5), min_size=1, max_size=4)


def rows_of(episodes: Sequence[Sequence[tuple[float, float, int]]]) -> list[Row]:
    return [
        {"episode": number, "t": t, "state": state, "action": action, "reward": reward}
        for number, steps in enumerate(episodes)
        for t, (state, action, reward) in enumerate(steps)
    ]


def written(value: float, *, as_float: bool) -> str:
    """A number as one program or another writes it; a float has no more than 53 bits."""
    exact = isinstance(value, int) and abs(value) <= 2**53
    return json.dumps(float(value) if as_float and exact else value)


def steps_jsonl(rows: list[Row], floats: set[str]) -> bytes:
    return b"".join(
        b"{%s}\n"
        % ", ".join(
            f'"{name}": {written(value, as_float=name in floats)}' for name, value in row.items()
        ).encode()
        for row in rows
    )


def csv(rows: list[Row], floats: set[str], separator: str = ",") -> bytes:
    lines = [list(rows[0])]
    lines += [[written(v, as_float=name in floats) for name, v in row.items()] for row in rows]
    return b"".join(separator.join(line).encode() + b"\n" for line in lines)


def frame(rows: list[Row], floats: set[str]) -> pl.DataFrame:
    columns = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if any(isinstance(value, float) for value in values) or name in floats:
            exact = all(isinstance(v, float) or abs(v) <= 2**53 for v in values)
            columns[name] = (
                pl.Series([float(value) for value in values])
                if exact
                else pl.Series([json.dumps(value) for value in values])
            )
        else:
            columns[name] = pl.Series(values, dtype=pl.Int64)
    return pl.DataFrame(columns)


def table(
    write: Callable[[pl.DataFrame, Path], Any],
) -> Callable[[list[Row], set[str], Path], None]:
    return lambda rows, floats, path: write(frame(rows, floats), path) and None


def text(
    make: Callable[[list[Row], set[str]], bytes],
) -> Callable[[list[Row], set[str], Path], None]:
    return lambda rows, floats, path: path.write_bytes(make(rows, floats)) and None


def lists(rows: list[Row], floats: set[str]) -> list[str]:
    """The same trajectories in lists, one a line."""
    lines = []
    for number in dict.fromkeys(row["episode"] for row in rows):
        steps = [row for row in rows if row["episode"] == number]
        columns = [
            f'"{name}s": [{", ".join(written(s[name], as_float=name in floats) for s in steps)}]'
            for name in ("state", "action", "reward")
        ]
        lines.append(f"{{{', '.join(columns)}}}")
    return lines


FORMATS: dict[str, Callable[[list[Row], set[str], Path], None]] = {
    "steps.jsonl": text(steps_jsonl),
    "steps.csv": text(csv),
    "steps.tsv": text(lambda rows, floats: csv(rows, floats, "\t")),
    "steps.parquet": table(lambda frame, path: frame.write_parquet(path)),
    "steps.arrow": table(lambda frame, path: frame.write_ipc(path)),
    "lists.jsonl": text(lambda rows, floats: "\n".join(lists(rows, floats)).encode()),
    "lists.json": text(
        lambda rows, floats: f'{{"trajectories": [{", ".join(lists(rows, floats))}]}}'.encode()
    ),
    "lists.yaml": text(
        lambda rows, floats: f"trajectories: [{', '.join(lists(rows, floats))}]".encode()
    ),
}


def answer(paths: list[Path]) -> dict[tuple[str, str, str], float]:
    """Every number of every pair, whatever its labels are shown as."""
    result = rlcalc.estimate([str(path) for path in paths], gamma=0.5)
    return {
        (str(row["state"]), str(row["action"]), name): float("nan") if value is None else value
        for row in result.rows()
        for name, value in row.items()
        if name not in ("state", "action")
    }


@given(
    episodes,
    st.sampled_from(list(FORMATS)),
    st.lists(st.sets(st.sampled_from(["episode", "state", "action", "reward", "t"])), max_size=3),
    st.integers(16, 200),
)
@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
def test_a_table_gives_the_same_rows_however_it_is_written_and_cut(
    tmp_path_factory: pytest.TempPathFactory,
    episodes: list[list[tuple[float, float, int]]],
    name: str,
    floats: list[set[str]],
    block: int,
) -> None:
    """Each file has other columns as floats and whole trajectories; blocks are cut anywhere."""
    folder = tmp_path_factory.mktemp("tables")
    (folder / "plain.csv").write_bytes(csv(rows_of(episodes), set()))
    expected = answer([folder / "plain.csv"])
    paths = []
    for part, as_float in enumerate(floats or [set()]):
        of_part = {*range(part, len(episodes), max(len(floats), 1))}
        rows = [row for row in rows_of(episodes) if row["episode"] in of_part]
        if rows:
            paths.append(folder / f"{part}-{name}")
            FORMATS[name](rows, as_float, paths[-1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BLOCK", block)
        patch.setattr(jsonl, "SMALL", 0)
        patch.setattr(parquet, "ROWS", 2)
        found = answer(paths)

    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_two_files_have_one_state_0(tmp_path: Path) -> None:
    """In the one its states are whole numbers, in the other they are not."""
    (tmp_path / "a.jsonl").write_text(
        '{"episode": 0, "state": 0, "action": 1, "reward": 2}\n'
        '{"episode": 1, "state": 1, "action": 1, "reward": 1}\n'
    )
    (tmp_path / "b.jsonl").write_text(
        '{"episode": 2, "state": 0.0, "action": 1.0, "reward": 20}\n'
        '{"episode": 3, "state": 2.5, "action": 1.5, "reward": 1}\n'
    )
    rows = list(rlcalc.estimate([str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]).rows())

    assert [(row["state"], row["action"], row["n"], row["q"]) for row in rows] == [
        (0, 1, 2, 11.0),
        (1, 1, 1, 1.0),
        (2.5, 1.5, 1, 1.0),
    ]


def test_an_empty_cell_makes_no_other_action(tmp_path: Path) -> None:
    """pandas writes a column of whole numbers with one empty cell as 0.0, 1.0, ..."""
    (tmp_path / "a.csv").write_text(
        "episode,state,action,reward,next_state\n0,0,1.0,1,1.0\n0,1,0.0,1,\n1,0,1,1,\n"
    )
    rows = list(rlcalc.estimate(str(tmp_path / "a.csv")).rows())

    assert [(row["state"], row["action"], row["n"]) for row in rows] == [(0, 1, 2), (1, 0, 1)]


@pytest.mark.parametrize("kind", [pl.Int8, pl.UInt64, pl.Float32, pl.Float64, pl.Decimal(9, 3)])
def test_every_type_of_a_column_has_the_same_labels(kind: Any, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "episode": pl.Series([0, 0, 1]).cast(kind),
            "state": pl.Series([3, 0, 3]).cast(kind),
            "action": pl.Series([1, 1, 1]).cast(kind),
            "reward": [1.0, 2.0, 4.0],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text("episode,state,action,reward\n7,3,1,1\n")
    rows = list(rlcalc.estimate([str(tmp_path / "a.parquet"), str(tmp_path / "b.csv")]).rows())

    assert [(str(r["state"]), str(r["action"]), r["n"]) for r in rows] == [
        ("3", "1", 3),
        ("0", "1", 1),
    ]


def test_a_trajectory_goes_on_where_its_name_is_written_in_another_way(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "episode,state,action,reward\n1,a,x,1\n1.0,b,x,2\n1e0,a,x,4\n01,b,x,8\n"
    )

    assert [row["gain"] for row in rlcalc.gain(str(tmp_path / "a.csv")).rows()] == [7, 6, 4, 8]

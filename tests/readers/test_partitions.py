"""Folders called NAME=VALUE are columns of the files in them, of steps as of rollouts."""

import json
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.readers.partitions import partition_of

VALUES = st.one_of(
    st.integers(-5, 99), st.sampled_from(["a b", "x=y", "007", "1.5", "é/", "true", "q0"])
)


@given(st.lists(st.tuples(st.sampled_from(["step", "group id", "ü"]), VALUES), max_size=3))
def test_a_path_gives_back_what_was_written_in_it(columns: list[tuple[str, Any]]) -> None:
    folders = [f"{quote(name, safe='')}={quote(str(value), safe='')}" for name, value in columns]

    assert partition_of("/".join(["run", *folders, "part=0.csv"])) == dict(columns)


def test_a_missing_value_has_a_name_of_its_own() -> None:
    assert partition_of("group=__HIVE_DEFAULT_PARTITION__/x.csv") == {"group": None}


def write(frame: pl.DataFrame, path: Path, form: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.with_suffix(f".{form}")
    if form == "parquet":
        frame.write_parquet(path)
    elif form == "csv":
        frame.write_csv(path)
    elif form == "arrow":
        frame.write_ipc(path)
    elif form == "jsonl":
        frame.write_ndjson(path)
    else:
        path.write_text(json.dumps(frame.to_dicts()))


ROLLOUTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["q", "7"]), st.integers(0, 3)),
    min_size=1,
    max_size=9,
)


@given(ROLLOUTS, st.sampled_from([["step"], ["group"], ["group", "step"], ["step", "group"]]))
def test_rollouts_are_the_same_in_a_table_and_in_partitions(
    rows: list[tuple[int, str, int]], by: list[str]
) -> None:
    """In every format; whoever wrote it, the path is a column."""
    whole = pl.DataFrame(rows, schema=["step", "group", "reward"], orient="row")
    with tempfile.TemporaryDirectory() as folder:
        read = []
        for form in ("parquet", "csv", "arrow", "jsonl", "json"):
            root = Path(folder) / form
            for key, part in whole.partition_by(by, as_dict=True).items():
                names = [f"{name}={value}" for name, value in zip(by, key, strict=True)]
                write(part.drop(by), root.joinpath(*names, "part-0"), form)
            read.append(groups_of(root))
        write(whole, Path(folder) / "whole", "csv")

        assert read == [groups_of(Path(folder) / "whole.csv")] * 5


def groups_of(path: Path) -> list[Any]:
    rollouts = rlcalc.load_rollouts(path)
    steps = [rollouts.step[number] for number in rollouts.step_of_group]
    return sorted(
        (step, str(name), sorted(rollouts.reward[begin:end].tolist()))
        for step, name, begin, end in zip(
            steps, rollouts.group, rollouts.start[:-1], rollouts.start[1:], strict=True
        )
    )


@pytest.mark.parametrize("form", ["parquet", "csv", "arrow", "jsonl"])
def test_trajectories_are_named_by_their_folder(tmp_path: Path, form: str) -> None:
    """A step=1 above them is not the time of their steps."""
    for episode in ("0", "1", "x"):
        steps = pl.DataFrame({"state": ["a", "b"], "action": ["x", "x"], "reward": [1.0, 2.0]})
        write(steps, tmp_path / f"episode={episode}" / "step=1" / "part-0", form)
    gain = rlcalc.gain(str(tmp_path))

    assert [str(name) for name in gain.columns["trajectory"].values] == list("0011xx")
    assert list(gain.columns["gain"].values) == [3, 2] * 3


def test_a_column_of_the_file_counts_more_than_its_path(tmp_path: Path) -> None:
    """Polars writes the column too."""
    write(pl.DataFrame({"group": ["g"], "step": [5], "reward": [1]}), tmp_path / "step=1/a", "csv")

    assert list(rlcalc.load_rollouts(tmp_path).step) == [5]


def test_columns_of_a_path_can_be_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(pl.DataFrame({"r": [1, 0]}), tmp_path / f"kind={name}/part", "jsonl")
    rollouts = rlcalc.load_rollouts(tmp_path, group="kind", reward="r")

    assert list(rollouts.group) == ["a", "b"]

"""Frames of several files become one set of rollouts, or an error that says where they part."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.rollouts.builder import numbers
from tests.readers.rollouts.test_dumps import DUMPS, lines, table

INFINITE = float("inf")


def test_ids_that_are_numbers_in_one_file_and_text_in_another_are_one_group(tmp_path: Path) -> None:
    table("a.parquet", group=[7, 8], reward=[0.0, 1.0])(tmp_path)
    table("b.parquet", group=["7"], reward=[2.0])(tmp_path)
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert list(rollouts.group) == ["7", "8"]
    assert rollouts.reward.tolist() == [0, 2, 1]
    assert any("1 group has rollouts in several files (7)" in note for note in rollouts.notes)


def test_what_only_one_file_has_is_unknown_for_the_other(tmp_path: Path) -> None:
    lines("a.jsonl", {"group": "g", "reward": 1, "length": 5, "truncated": True})(tmp_path)
    lines("b.jsonl", {"group": "h", "reward": 0})(tmp_path)
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert str(rollouts.length) == "[ 5. nan]"
    assert rollouts.truncated is not None
    assert rollouts.truncated.tolist() == [True, False]


def test_files_of_two_trainers_are_refused_with_the_names_of_both(tmp_path: Path) -> None:
    first, second = (DUMPS[name][1](tmp_path) for name in ("slime", "verl-classic"))
    with pytest.raises(InputError, match=r"the format verl, and .* of slime") as error:
        rlcalc.load_rollouts([first, second])

    assert first.name in error.value.faults[0].what
    assert second.name in error.value.faults[0].where
    assert "--from" in error.value.faults[0].fix


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("reward", INFINITE, "reward is inf, inf and inf, expected a finite number"),
        ("baseline", -INFINITE, "baseline is -inf, -inf and -inf, expected a finite number"),
        ("length", -1.0, "length is -1.0, -1.0 and -1.0, expected a length from 0"),
        ("length", float(2**53) * 4, "expected a length from 0"),
        ("group", None, "group is missing, expected a name"),
    ],
)
def test_the_first_three_wrong_rows_are_named_and_the_others_counted(
    name: str, value: float | None, said: str
) -> None:
    columns: dict[str, list[Any]] = {
        "group": ["g"] * 6, "reward": [1.0] * 6, "baseline": [0.0] * 6, "length": [2.0] * 6,
    }  # fmt: skip
    columns[name][1:] = [value] * 5
    with pytest.raises(InputError, match=said) as error:
        rlcalc.load_rollouts(pl.DataFrame(columns))
    where = error.value.faults[0].where

    assert [f"row {row}" in where for row in (1, 2, 3, 4, 5)] == [False, True, True, True, False]
    assert where.endswith("2 more")


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 12))
def test_a_group_size_cuts_each_file_by_itself(first: int, size: int, second: int) -> None:
    """The last group of a file may be short; it is not filled up from the next file."""
    with tempfile.TemporaryDirectory() as folder:
        files = [
            table(f"{name}.parquet", reward=[float(n) for n in range(rows)])(Path(folder))
            for name, rows in (("x", first), ("y", second))
        ]
        rollouts = rlcalc.load_rollouts(files, group_size=size)
    sizes = [min(size, rows - at) for rows in (first, second) for at in range(0, rows, size)]
    notes = [note for note in rollouts.notes if f"not a multiple of {size}" in note]

    assert rollouts.size.tolist() == sizes
    assert len(notes) == sum(rows % size != 0 for rows in (first, second))


def test_a_table_without_rows_holds_no_rollouts(tmp_path: Path) -> None:
    path = table("none.parquet", group=[], reward=[])(tmp_path)
    with pytest.raises(InputError, match="there are no rollouts") as error:
        rlcalc.load_rollouts(path, group="group", reward=("reward",))

    assert "none.parquet" in error.value.faults[0].where


def test_trajectories_are_rollouts_only_where_each_is_one_step(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    steps: list[list[Any]] = [["q", "yes", 1], ["q", "no", 0]]
    good.write_text(json.dumps({"trajectories": steps}))
    bad.write_text(json.dumps({"trajectories": [steps[0], steps[0] + steps[1]]}))
    rollouts = rlcalc.load_rollouts(good, texts=True)

    assert (list(rollouts.group), rollouts.reward.tolist()) == (["q"], [1, 0])
    assert rollouts.length is not None
    assert rollouts.length.tolist() == [3, 2]
    with pytest.raises(InputError, match="trajectory 2 has 2 steps"):
        rlcalc.load_rollouts(bad)


@given(st.lists(st.lists(st.none() | st.integers(-9, 9), max_size=3), min_size=1, max_size=4))
def test_numbers_are_those_of_the_column_in_however_many_pieces(
    pieces: list[list[int | None]],
) -> None:
    column = pl.concat([pl.Series(piece, dtype=pl.Int64) for piece in pieces], rechunk=False)
    wanted = [np.nan if value is None else value for piece in pieces for value in piece]

    np.testing.assert_array_equal(numbers(column), wanted)

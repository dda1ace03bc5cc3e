"""Sources of rollouts: which files are read, once each, and which are refused unread."""

import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

import rlcalc
from rlcalc.errors import InputError, UsageError
from rlcalc.readers.rollouts.load import files_of, load, loading, step_of_name
from rlcalc.readers.rollouts.request import RolloutRequest
from tests.readers.rollouts.test_dumps import lines

ROW = {"group": "g", "reward": 1}


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("run/12.jsonl.gz", 12),
        ("run/global_step_40/results.jsonl", 40),
        ("step_3/step_5/all.jsonl", 5),
        ("step_3/Iteration-7.parquet", 7),
        ("2024/run7/rollouts.jsonl", None),
    ],
)
def test_a_step_is_told_by_the_nearest_name_that_tells_one(path: str, step: int | None) -> None:
    """Numbers of other things, as of a year or a run, tell none."""
    assert step_of_name(path) == step


def test_folders_are_read_in_order_of_their_numbers_without_what_stands_beside(
    tmp_path: Path,
) -> None:
    for step in (10, 2):
        lines(f"step_{step}/rollouts.jsonl", ROW)(tmp_path)
        lines(f"step_{step}/metrics.jsonl", {"loss": 1})(tmp_path)
        (tmp_path / f"step_{step}" / "model.bin").write_bytes(b"\0")
    wanted = [str(tmp_path / f"step_{step}" / "rollouts.jsonl") for step in (2, 10)]

    assert files_of([str(tmp_path)]) == wanted
    assert files_of([str(tmp_path / "step_*")]) == wanted
    assert files_of([str(tmp_path / "**" / "rollouts.jsonl")]) == wanted


def test_a_file_by_two_names_is_read_once(tmp_path: Path) -> None:
    path = lines("x.jsonl", ROW, {**ROW, "reward": 0})(tmp_path)
    link = tmp_path / "y.jsonl"
    link.symlink_to(path)
    rollouts = rlcalc.load_rollouts([path, link])

    assert len(rollouts) == 2
    assert any("y.jsonl was named twice" in note for note in rollouts.notes)


def test_pickles_are_refused_and_never_run(tmp_path: Path) -> None:
    """A pickle may call any function; this one would make a folder."""
    made = tmp_path / "made"

    class Harmful:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, (str(made),)

    plain, torch = tmp_path / "x.jsonl", tmp_path / "y.jsonl"
    plain.write_bytes(pickle.dumps(Harmful()))
    with zipfile.ZipFile(torch, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Harmful()))

    for path in (plain, torch):
        with pytest.raises(InputError, match="this is a pickle") as error:
            rlcalc.load_rollouts(path)
        assert path.name in error.value.faults[0].where
        assert "never unpickles" in error.value.faults[0].fix
    assert not made.exists()


def test_a_folder_of_pickles_says_how_to_read_them(tmp_path: Path) -> None:
    (tmp_path / "rollout_7.pt").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"only pickles: rollout_7\.pt") as error:
        rlcalc.load_rollouts(tmp_path)

    assert "torch.load" in error.value.faults[0].fix


@pytest.mark.parametrize(
    ("name", "text", "what", "where"),
    [
        ("x.json", json.dumps([ROW, 7], indent=1), "record 2 is not a mapping: 7", "x.json"),
        ("x.json", json.dumps([ROW, ROW | {"reward": "a"}]), "reward is 'a'", "record 2"),
        ("x.json", "[\n]", "there are no rollouts", "x.json"),
        ("x.csv", "group,reward\ng,1\ng,1,5\n", "not a table", "x.csv"),
        ("x.csv", "group,reward\ng,1\ng,one\n", "reward is 'one', expected a number", "row 2"),
        ("x.csv", "token_loss_mask,reward\n1,1\n", "not read from CSV", "x.csv"),
    ],
)  # fmt: skip
def test_documents_and_tables_say_what_is_wrong_with_them(
    name: str, text: str, what: str, where: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=what) as error:
        rlcalc.load_rollouts(path)

    assert error.value.faults[0].where.endswith(where)


def test_what_is_read_beside_other_work_is_the_same_and_fails_the_same(tmp_path: Path) -> None:
    path = str(lines("x.jsonl", ROW, {**ROW, "reward": 0})(tmp_path))
    with loading([path], RolloutRequest()) as rollouts:
        assert rollouts().reward.tolist() == load([path], RolloutRequest()).reward.tolist()
    with (
        loading([path, path + "x"], RolloutRequest()) as rollouts,
        pytest.raises(InputError, match="there is no file"),
    ):
        rollouts()


def test_a_format_that_does_not_exist_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UsageError, match="--from ver:") as error:
        rlcalc.load_rollouts("no such file", form="ver")

    assert error.value.faults[0].fix == "did you mean verl?"


def test_weights_without_rewards_are_refused_of_columns_too() -> None:
    """As of a file: before anything is read."""
    with pytest.raises(UsageError, match="--weights without --reward"):
        rlcalc.load_rollouts({"group": [0, 0], "reward": [0.0, 1.0]}, weights=(1.0,))


@pytest.mark.parametrize(
    "text",
    [
        "group,reward\na,1.5\na,0.5\n",
        "group;reward\na;1,5\na;0,5\n",
        "# made by a logger\n\ngroup\treward\na\t1.5\na\t0.5\n",
        "group, reward\na, 1.5\na, 0.5\n",
        "# group,reward\na,1.5\na,0.5\n",
        "group,reward\r\na,1.5\r\na,0.5\r\n",
    ],
)
@pytest.mark.parametrize("piped", [False, True])
def test_a_table_in_text_is_read_as_it_is_written(
    text: str, piped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.csv").write_text(text)
    if piped:
        stream = io.TextIOWrapper(io.BytesIO(text.encode()))
        monkeypatch.setattr("sys.stdin", stream)
    read = load(["-" if piped else str(tmp_path / "r.csv")], RolloutRequest())

    assert read.reward.tolist() == [1.5, 0.5]
    assert [str(name) for name in read.group] == ["a"]

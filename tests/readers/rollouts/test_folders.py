"""A run's folder is read as it stands: what is not a dump is left out, and counted."""

import json
from pathlib import Path

import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.rollouts.load import load
from rlcalc.readers.rollouts.request import RolloutRequest

ROWS = '{"group": "g", "reward": 1}\n{"group": "g", "reward": 0}\n'
BESIDE = {
    "a_state.json": '{"epoch": 1}',
    "config.yaml": "model: small\n",
    "empty.jsonl": "",
    "progress.csv": "step,reward\n1,0.5\n",
    "results.json": '{"results": {"acc": 0.5}}',
    "list.json": "[1, 2]",
    "texts.jsonl": '"a"\n',
    "log.csv": "no table",
    "vocabulary.json": "{}",
    "zz.jsonl": '{"loss": 1}\n',
}


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("name", ["0.jsonl", "m.jsonl", "zzz.jsonl"])
def test_files_that_are_not_rollouts_are_left_out_and_counted(tmp_path: Path, name: str) -> None:
    """Whether they stand before or after the rollouts."""
    rollouts = rlcalc.load_rollouts(written(tmp_path, **BESIDE, **{name: ROWS}))

    assert rollouts.reward.tolist() == [1, 0]
    assert rollouts.facts["files_left_out"] == len(BESIDE)
    assert rollouts.facts["files"] == 1
    assert any(f"{len(BESIDE)} files are not rollouts, and left out" in n for n in rollouts.notes)


@pytest.mark.parametrize("name", BESIDE)
def test_a_file_that_is_named_is_never_left_out(tmp_path: Path, name: str) -> None:
    written(tmp_path, **{"0.jsonl": ROWS, name: BESIDE[name]})

    with pytest.raises(InputError) as error:
        load([str(tmp_path / "0.jsonl"), str(tmp_path / name)], RolloutRequest())
    assert name in error.value.faults[0].where


def test_a_folder_without_any_rollouts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none of the 9 other files") as error:
        rlcalc.load_rollouts(written(tmp_path, **BESIDE))

    assert "a_state.json" in error.value.faults[0].where


@pytest.mark.parametrize(
    "damaged",
    {
        "b.jsonl": ROWS + '{"group": "g", "reward": "x"}\n',
        "b.json": '[{"group": "g", "rew',
        "b.parquet": "PAR1...",
        "c.jsonl": '{"group": "g", "reward": 1, "reward": 2}\n',
    }.items(),
)
def test_rollouts_that_are_damaged_are_not_left_out(
    tmp_path: Path, damaged: tuple[str, str]
) -> None:
    with pytest.raises(InputError) as error:
        rlcalc.load_rollouts(written(tmp_path, **{"0.jsonl": ROWS}, **dict([damaged])))

    assert damaged[0] in error.value.faults[0].where


def test_a_named_column_that_a_dump_lacks_is_an_error_in_a_folder_too(tmp_path: Path) -> None:
    more = ROWS.replace("}", ', "own": 1}')
    with pytest.raises(InputError, match="there is no column own"):
        rlcalc.load_rollouts(written(tmp_path, **{"a.jsonl": more, "b.jsonl": ROWS}), reward="own")


def test_checkpoints_are_not_looked_into(tmp_path: Path) -> None:
    files = {"0.jsonl": ROWS, "checkpoint-2/1.jsonl": ROWS, "checkpoint-best/2.jsonl": ROWS}
    rollouts = rlcalc.load_rollouts(written(tmp_path, **files))

    assert len(rollouts) == 4
    assert "1 folder of checkpoints left out: checkpoint-2" in rollouts.notes


def dataset(folder: Path, *rows: dict[str, object]) -> None:
    folder.mkdir(parents=True)
    pl.DataFrame(list(rows)).write_ipc(folder / "data-00000-of-00001.arrow")
    pl.DataFrame({"group": ["?"], "reward": [9]}).write_ipc(folder / "cache-1.arrow")
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}
    written(folder, **{"state.json": json.dumps(state), "dataset_info.json": "{}"})


def test_a_saved_dataset_is_the_files_that_its_state_names(tmp_path: Path) -> None:
    dataset(tmp_path / "d", {"group": "g", "reward": 1}, {"group": "g", "reward": 0})

    assert rlcalc.load_rollouts(tmp_path / "d").reward.tolist() == [1, 0]


def test_of_several_splits_the_one_with_rollouts_is_read(tmp_path: Path) -> None:
    row = {"group": "g", "reward": 1}
    written(tmp_path, **{"dataset_dict.json": '{"splits": ["train", "test"]}'})
    dataset(tmp_path / "train", row)
    dataset(tmp_path / "test", {"question": "1+1"})
    assert rlcalc.load_rollouts(tmp_path).reward.tolist() == [1]

    dataset(tmp_path / "validation", row)
    with pytest.raises(InputError, match="the splits train and validation") as error:
        rlcalc.load_rollouts(tmp_path)
    assert error.value.faults[0].fix == f"name the folder of one: {tmp_path / 'train'}"


def episode(number: int, reward: float) -> str:
    trajectory = {"name": "solver", "reward": reward, "steps": []}
    return json.dumps(
        {"training_step": 1, "episode_id": f"q:{number}", "trajectories": [trajectory]}
    )


def test_many_small_files_are_what_they_are_one_by_one(tmp_path: Path) -> None:
    """Files between them that are not rollouts, and ones of equal size, take nothing away."""
    names = {f"e{number:03}.json": episode(number, number % 2) for number in range(300)}
    others = {f"e{number:03}x.json": f'{{"loss": {number}}}' for number in (0, 150, 299)}
    rollouts = rlcalc.load_rollouts(written(tmp_path, **names, **others))
    rows = rlcalc.group(tmp_path, rows="rollouts")

    assert rollouts.reward.tolist() == [number % 2 for number in range(300)]
    assert rollouts.facts["files"] == 300
    assert rollouts.facts["files_left_out"] == 3
    assert list(rows["row"]) == [1] * 300
    assert list(rows["file"])[200].endswith("200.json")


def test_a_copy_among_many_small_files_counts_once(tmp_path: Path) -> None:
    names = {f"e{number}.json": episode(number, 1) for number in (1, 2, 3)}
    rollouts = rlcalc.load_rollouts(written(tmp_path, **names, **{"f.json": episode(2, 1)}))

    assert len(rollouts) == 3
    assert any("has the same bytes as" in note for note in rollouts.notes)

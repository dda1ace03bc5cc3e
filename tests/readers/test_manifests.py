"""Folders of datasets are read by their manifests; what is not read has the line that converts."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rlcalc as library
from rlcalc.errors import InputError
from rlcalc.readers.manifests import FOREIGN, foreign_file
from rlcalc.readers.sources import resolve_files
from tests.conftest import Shell

INPUTS = Path(__file__).parent / "inputs"


def refused(*sources: Path) -> str:
    with pytest.raises(InputError) as error:
        library.gain(*sources)
    fault = error.value.faults[0]
    return f"{fault.what} | {fault.where} | {fault.fix}"


def test_a_dataset_of_hugging_face_is_read_split_by_split() -> None:
    """Gains at γ = 0.5 of three episodes whose third step earns 1."""
    train = INPUTS / "hugging-face-steps" / "train"
    rows = pl.read_ipc_stream(train / "data-00000-of-00001.arrow")
    gains = library.gain(train, gamma=0.5).columns["gain"].values

    assert gains == pytest.approx([0.25, 0.5, 1.0] * 3)
    assert len(gains) == len(rows)
    assert library.check(train).facts["faults"] == 0
    assert library.load_rollouts(INPUTS / "hugging-face-rollouts" / "train").n_groups == 4


def test_several_splits_are_named() -> None:
    for folder in ("hugging-face-steps", "hugging-face-rollouts"):
        one = INPUTS / folder

        assert f"{one}/test or {one}/train" in refused(one)
    with pytest.raises(InputError, match="the splits test and train of this dataset"):
        library.load_rollouts(INPUTS / "hugging-face-rollouts")


def test_a_dataset_with_one_split_is_read_as_a_whole(tmp_path: Path) -> None:
    one = tmp_path / "one"
    shutil.copytree(INPUTS / "hugging-face-steps", one)
    shutil.rmtree(one / "test")

    assert len(library.gain(one)) == 9


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"_data_files": [{"filename": "data-1.arrow"}]}, "1 of the 1 files of this dataset are"),
        ({"_data_files": [{"filename": "/etc/passwd"}]}, "missing: /etc/passwd"),
        ({"_indices_data_files": [{"filename": "indices.arrow"}]}, "a table of indices"),
    ],
)
def test_a_manifest_that_does_not_fit_its_folder(
    change: dict[str, object], what: str, tmp_path: Path
) -> None:
    """A manifest leads to files of its own folder alone."""
    folder = tmp_path / "d"
    shutil.copytree(INPUTS / "hugging-face-steps" / "train", folder)
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps(state | change))

    assert what in refused(folder)
    assert "state.json" in refused(folder)


@pytest.mark.parametrize("name", ["lerobot-v2", "lerobot-v3"])
def test_lerobot_is_read_by_its_folder(name: str, rlcalc: Shell) -> None:
    """Files of frames alone, episodes by their index; counted against a plain reading."""
    folder = INPUTS / name
    frames = pl.read_parquet(folder / "data/**/*.parquet").sort("index")
    returns = (
        frames.group_by("episode_index").agg(pl.col("next.reward").sum(), pl.len()).sort("^e.*$")
    )
    episodes = library.gain(folder, rows="episodes").columns

    assert list(episodes["length"].values) == returns["len"].to_list() == [2, 3, 4]
    assert episodes["reward_sum"].values == pytest.approx(returns["next.reward"].to_numpy())
    assert library.check(folder).facts["states"] == frames["observation.state"].n_unique()
    shards = rlcalc("estimate", folder, "--engine", "threads", "--csv")
    assert shards.stdout == rlcalc("estimate", folder, "--csv").stdout


def test_both_versions_of_lerobot_give_the_same() -> None:
    two, three = (library.estimate(INPUTS / f"lerobot-v{n}", gamma=0.9) for n in (2, 3))

    np.testing.assert_array_equal(two.columns["q"].values, three.columns["q"].values)


def test_rlds_is_read_by_its_folder(tmp_path: Path) -> None:
    """Beside files that describe it; one split at a time, and all of its files."""
    assert library.check(INPUTS / "rlds").facts["steps"] == 9
    folder = tmp_path / "rlds"
    shutil.copytree(INPUTS / "rlds", folder)
    first = folder / "lake-train.tfrecord-00000-of-00001"
    shutil.copy(first, folder / "lake-test.tfrecord-00000-of-00001")

    assert "has the splits test and train" in refused(folder)
    pattern = refused(folder).rpartition(" or ")[2].strip("'")
    assert library.check(pattern).facts["steps"] == 9
    (folder / "lake-test.tfrecord-00000-of-00001").unlink()
    first.rename(folder / "lake-train.tfrecord-00000-of-00003")
    assert "2 of the 3 files of this dataset are missing" in refused(folder)


def lerobot(tmp_path: Path, version: int = 3, **info: object) -> Path:
    folder = tmp_path / f"lerobot-v{version}"
    shutil.copytree(INPUTS / folder.name, folder)
    about = json.loads((folder / "meta/info.json").read_text())
    (folder / "meta/info.json").write_text(json.dumps(about | info))
    return folder


@pytest.mark.parametrize("version", ["v1.6", "v4.0", None, 3])
def test_other_versions_of_lerobot_are_named(version: object, tmp_path: Path) -> None:
    folder = lerobot(tmp_path, codebase_version=version)

    assert f"has the version {version}" in refused(folder)
    assert "rlcalc reads v2 and v3" in refused(folder)


@pytest.mark.parametrize(
    "template", [None, "data/x.parquet", "/etc/{file_index}", "../{x}.parquet"]
)
def test_a_path_that_fits_no_file(template: object, tmp_path: Path) -> None:
    """Nothing outside of the folder is looked for."""
    folder = lerobot(tmp_path, data_path=template)
    shutil.rmtree(folder / "meta" / "episodes")

    assert "data_path" in refused(folder)


@pytest.mark.parametrize(
    ("version", "lost"),
    [(2, "data/chunk-001/episode_000002.parquet"), (3, "data/chunk-000/file-001.parquet")],
)
def test_a_download_that_is_not_complete(version: int, lost: str, tmp_path: Path) -> None:
    folder = lerobot(tmp_path, version)
    (folder / lost).unlink()

    assert f"are missing: {lost}" in refused(folder)


def test_demonstrations_without_rewards_are_refused_by_their_columns(tmp_path: Path) -> None:
    folder = lerobot(tmp_path)
    for path in folder.glob("data/*/*.parquet"):
        pl.read_parquet(path).drop("next.reward").write_parquet(path)

    assert "no column for the reward" in refused(folder)


def test_steps_that_lerobot_marks_as_truncated(tmp_path: Path) -> None:
    folder = lerobot(tmp_path)
    for path in folder.glob("data/*/*.parquet"):
        frame = pl.read_parquet(path).rename({"next.done": "next.truncated"})
        frame.write_parquet(path)

    assert library.check(folder).facts["truncated"] == 3


@pytest.mark.parametrize(
    "name",
    [
        "lake-train.array_record-00000-of-00002",
        "reward.memmap",
        "events.out.tfevents.1795392495.host.1.0",
    ],
)
def test_formats_that_are_not_read_have_a_line_that_converts(
    name: str, tmp_path: Path, rlcalc: Shell
) -> None:
    """By the file, and by the folder: each line is a Python program."""
    folder = tmp_path / "a b"
    folder.mkdir()
    path = folder / name
    path.write_bytes(b"\x18\0\0\0\0\0\0\0" + bytes(40))
    (tmp_path / "a b" / "meta.json").write_text("{}" if name.endswith("memmap") else "[]")
    if "events" in name:
        (folder / "meta.json").unlink()
    known = foreign_file(str(path))
    assert known is not None
    what, fix = known
    line = shlex.split(fix.partition(" > ")[0].partition(", and")[0])

    compile(line[2], "fix", "exec")
    assert str(folder) in line[3]
    for source in (path, folder):
        done = rlcalc("estimate", source)
        assert done.returncode == 3
        assert f"this is {what}, which rlcalc does not read" in done.stderr
        assert line[2].split(";")[0] in done.stderr
    assert what in rlcalc("group", folder).stderr


def test_what_is_readable_beside_a_log_of_tensorboard_is_read(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.1.host").write_bytes(bytes(40))
    (tmp_path / "steps.csv").write_text("episode,state,action,reward\n0,a,x,1\n")

    assert resolve_files([str(tmp_path)]) == [str(tmp_path / "steps.csv")]


def test_each_kind_has_one_line() -> None:
    assert all(line.startswith("python -c ") for _, line in FOREIGN.values())


STUB = """
import numpy as np
STEPS = [{"observation": np.int64(t), "action": np.int64(0), "reward": np.float32(t),
          "language_instruction": b"go", "is_first": np.bool_(t == 0),
          "is_last": np.bool_(t == 2), "is_terminal": np.bool_(t == 2)} for t in range(3)]
class Builder:
    def as_dataset(self, split):
        assert split == "train"
        return [{"steps": STEPS}, {"steps": STEPS}]
def builder_from_directory(folder):
    return Builder()
def as_numpy(dataset):
    return dataset
"""


def test_the_line_for_rlds_writes_what_is_read(tmp_path: Path) -> None:
    """A stand-in is for tensorflow_datasets, which is large; 4.9.10 was tried with these bytes."""
    (tmp_path / "tensorflow_datasets.py").write_text(STUB)
    known = foreign_file(str(INPUTS / "rlds" / "lake-train.array_record-00000-of-00001"))
    assert known is not None
    line = known[1].replace("python ", f"{shlex.quote(sys.executable)} ", 1)
    subprocess.run(line, shell=True, check=True, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    facts = library.check(tmp_path / "steps.jsonl").facts

    assert (facts["trajectories"], facts["steps"], facts["terminated"]) == (2, 4, 2)

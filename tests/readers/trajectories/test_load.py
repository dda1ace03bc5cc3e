"""Files of one kind go on in each other, and a faulty one need not stop the reading."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.trajectories.load import load, load_frame

HEADER = "episode,state,action,reward,terminated\n"


@pytest.mark.parametrize(("second", "start"), [("csv", [0, 2]), ("tsv", [0, 1, 2])])
def test_a_trajectory_goes_on_only_in_a_file_of_the_same_kind(
    second: str, start: list[int], tmp_path: Path
) -> None:
    """One tool writes its files one after the other, and another tool numbers anew."""
    files = [str(tmp_path / name) for name in ("1.csv", f"2.{second}")]
    first, last = (
        pl.DataFrame(
            {"episode": [0], "t": t, "state": "a", "action": "x", "reward": 1.0, "done": d}
        )
        for t, d in ((1, False), (2, True))
    )
    first.write_csv(files[0])
    last.write_csv(files[1], separator="," if second == "csv" else "\t")
    experience = load(files, ReadRequest())

    assert experience.whole().start.tolist() == start
    assert experience.kinds == list(dict.fromkeys(["csv", second]))


def test_a_missing_file_is_told_at_once_and_a_faulty_one_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "walks.csv").write_text(f"{HEADER}0,a,x,one,true\n")
    with pytest.raises(InputError, match="there is no file") as caught:
        load([str(tmp_path / "walk.csv")], ReadRequest())
    assert caught.value.faults[0].fix == f"did you mean {tmp_path / 'walks.csv'}?"
    experience = load([str(tmp_path / "walks.csv")], ReadRequest())
    with pytest.raises(InputError, match="reward is 'one'"):
        next(experience.batches)


def test_collected_faults_do_not_keep_the_other_files_from_being_read(tmp_path: Path) -> None:
    whole = f"{HEADER}0,a,x,1,true\n".encode()
    for name, data in {
        "1.csv": b"state,reward\na,1\n",
        "2.csv": gzip.compress(whole)[:-9],
        "3.csv": whole.replace(b",1,", b",?,"),
        "4.csv": whole,
    }.items():
        (tmp_path / name).write_bytes(data)
    experience = load([str(tmp_path)], ReadRequest(), collect_faults=True)
    read = experience.whole()

    assert read.reward.tolist() == [1]
    assert experience.faults is not None
    assert [Path(fault.where.split(", ")[0]).name for fault in experience.faults] == [
        "1.csv", "2.csv", "3.csv",
    ]  # fmt: skip


def test_a_model_in_arrays_is_no_trajectories(tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", P=np.eye(2)[None], R=np.zeros((2, 1)))
    with pytest.raises(InputError, match="trajectories are in no npz file") as caught:
        rlcalc.load(tmp_path / "model.npz").whole()

    assert "rlcalc solve" in caught.value.faults[0].fix


def test_a_frame_without_rows_holds_no_trajectories() -> None:
    frame = pl.read_csv(f"{HEADER}0,a,x,1,true\n".encode())
    with pytest.raises(InputError, match="there are no trajectories"):
        load_frame(frame.clear(), ReadRequest()).whole()
    collected = load_frame(frame.clear(), ReadRequest(), collect_faults=True)
    list(collected)

    assert [fault.where for fault in collected.faults or ()] == ["the frame"]


def test_rows_and_names_are_kept_only_where_they_are_asked_for() -> None:
    frame = pl.DataFrame(
        {"episode": ["q", "p", "q"], "t": [1, 5, 0], "s": [0, 1, 2], "a": 0, "r": [1.0, 2.0, 3.0]}
    )
    plain = load_frame(frame, ReadRequest()).whole()
    told = load_frame(frame, ReadRequest(identify=True)).whole()

    assert (plain.row, plain.name, plain.time) == (None, None, None)
    assert told.name == ["q", "p"]
    assert told.row is not None
    assert told.row.tolist() == [2, 0, 1]
    assert told.time is not None
    assert told.time.tolist() == [0, 1, 5]

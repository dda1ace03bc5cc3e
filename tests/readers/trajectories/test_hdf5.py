"""HDF5: the steps of a file by its path, in every layout, and files that are faulty."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from tests.readers.trajectories.hdf5_files import MINARI, d4rl, minari_folder

STEPS = {
    "observations": np.array([[0.5, 1], [0, 1], [2, 2], [0.5, 1]], np.float32),
    "actions": np.array([1, 0, 1, 1]),
    "rewards": np.array([1, 2, 3, 4], np.float32),
    "terminals": np.array([False, True, False, False]),
    "timeouts": np.array([False, False, False, True]),
}
"""Two trajectories, of gains 3 and 7: the first terminates, the second is truncated."""


def test_arrays_of_d4rl_are_steps(tmp_path: Path) -> None:
    path = d4rl(tmp_path / "maze.hdf5", **STEPS, infos__goal=np.zeros((4, 2)), metadata__seed=[7])
    batch = rlcalc.load(path).whole()

    assert batch.reward.tolist() == [1, 2, 3, 4]
    assert batch.start.tolist() == [0, 2, 4]
    assert batch.terminated.tolist() == [True, False]
    assert batch.truncated.tolist() == [False, True]
    assert batch.states.names() == ["[0.5,1]", "[0,1]", "[2,2]"]
    assert batch.actions.names() == [1, 0]


def test_rewards_and_flags_may_be_columns_of_one_number(tmp_path: Path) -> None:
    """Files of D4RL have them: its own reader squeezes them."""
    flat = {name: STEPS[name].reshape(-1, 1) for name in ("rewards", "terminals", "timeouts")}
    path = d4rl(tmp_path / "maze.hdf5", **{**STEPS, **flat})

    assert rlcalc.load(path).whole().reward.tolist() == [1, 2, 3, 4]


def test_terminals_without_timeouts_are_noted(tmp_path: Path) -> None:
    path = d4rl(tmp_path / "old.h5", **{n: a for n, a in STEPS.items() if n != "timeouts"})
    experience = rlcalc.load(path)
    experience.whole()

    assert any("there are terminals and no timeouts" in note for note in experience.notes)


@pytest.mark.parametrize("name", ["frozen-lake", "blackjack"])
def test_a_data_set_of_minari_has_the_gains_that_its_arrays_have(name: str, tmp_path: Path) -> None:
    """Counted again with h5py alone, trajectory by trajectory."""
    folder = minari_folder(name, tmp_path)
    gains, lengths, ends = [], [], []
    with h5py.File(folder / "data" / "main_data.hdf5") as file:
        for number in range(len(file)):
            group = file[f"episode_{number}"]
            rewards = group["rewards"][:]
            gains.append(sum(0.9**t * r for t, r in enumerate(rewards)))
            lengths.append(len(rewards))
            ends.append("terminated" if group["terminations"][-1] else "truncated")
    result = rlcalc.gain(folder, gamma=0.9, rows="episodes")

    assert list(result["trajectory"]) == list(range(len(gains)))
    np.testing.assert_allclose(result["gain"], gains)
    assert list(result["length"]) == lengths
    assert list(result["end"]) == ends


@pytest.mark.parametrize("place", ["", "data", "data/main_data.hdf5"])
def test_a_data_set_of_minari_is_read_from_each_of_its_levels(place: str, tmp_path: Path) -> None:
    folder = minari_folder("frozen-lake", tmp_path)

    assert rlcalc.check(folder / place).facts["trajectories"] == 11


def test_trajectories_of_minari_are_in_numeric_order_and_keep_their_last_state(
    tmp_path: Path,
) -> None:
    folder = minari_folder("frozen-lake", tmp_path)
    batch = rlcalc.load(folder, identify=True).whole()
    names = batch.states.names()
    with h5py.File(folder / "data" / "main_data.hdf5") as file:
        observations = [file[f"episode_{n}/observations"][:].tolist() for n in range(len(file))]

    assert batch.name == [str(n) for n in range(11)]
    assert batch.last_state is not None
    assert [names[s] for s in batch.last_state] == [one[-1] for one in observations]
    assert [names[s] for s in batch.state] == [s for one in observations for s in one[:-1]]


def test_a_state_of_several_arrays_is_one_label_or_one_of_them(tmp_path: Path) -> None:
    folder = minari_folder("blackjack", tmp_path)
    whole = rlcalc.load(folder).whole()
    one = rlcalc.load(folder, columns={"state": "observations/_index_0"}).whole()

    assert str(whole.states.names()[0]).startswith('{"0":')
    assert all(isinstance(name, int) for name in one.states.names())
    assert one.reward.tolist() == whole.reward.tolist()
    assert one.last_state is not None
    assert (one.last_state >= 0).all()


def test_a_file_comes_through_a_pipe_and_compressed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rlcalc", "gain", "-", "--rows", "episodes", "--csv"],
        input=(MINARI / "blackjack.hdf5.gz").read_bytes(),
        capture_output=True,
        check=True,
    )

    assert done.stdout.decode().splitlines()[:2] == [
        "trajectory,gain,reward_sum,length,end",
        "0,-1.0,-1.0,4,terminated",
    ]


def test_a_large_file_that_was_compressed_is_read_from_a_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = MINARI / "blackjack.hdf5.gz"
    expected = rlcalc.gain(path).to_polars()
    monkeypatch.setattr("rlcalc.readers.sources.SMALL_COPY", 1)

    assert rlcalc.gain(path).to_polars().equals(expected)


def test_shards_give_the_answer_of_the_whole(tmp_path: Path) -> None:
    folder = minari_folder("frozen-lake", tmp_path)
    (folder / "data" / "main_data.hdf5").rename(tmp_path / "a.hdf5")
    d4rl(tmp_path / "b.hdf5", **{**STEPS, "observations": np.arange(4)})
    one, other = tmp_path / "a.hdf5", tmp_path / "b.hdf5"
    for path in (one, other):
        plain, shards = rlcalc.estimate(path), rlcalc.by_shards("estimate", path)

        assert list(shards["q"]) == list(plain["q"])


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_the_size_of_batches_does_not_matter(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = minari_folder("frozen-lake", tmp_path)
    path = d4rl(tmp_path / "maze.hdf5", **STEPS)
    answers = [rlcalc.gain(one).to_polars() for one in (folder, path)]
    monkeypatch.setattr("rlcalc.readers.trajectories.hdf5_columns.ROWS", rows)
    monkeypatch.setattr("rlcalc.readers.trajectories.hdf5_columns.BYTES", 64 * rows)

    assert [
        rlcalc.gain(one).to_polars().equals(answer)
        for one, answer in zip((folder, path), answers, strict=True)
    ] == [True, True]


@given(st.lists(st.lists(st.integers(-3, 3), min_size=1, max_size=5), min_size=2, max_size=4))
def test_steps_are_those_of_a_table_of_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, rewards: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("same")
    flat = np.concatenate([np.array(one, float) for one in rewards])
    end = np.concatenate([np.arange(len(one)) == len(one) - 1 for one in rewards])
    arrays = {"observations": np.abs(flat), "actions": flat > 0, "rewards": flat, "terminals": end}
    d4rl(folder / "steps.h5", **arrays)
    pl.DataFrame(arrays).write_parquet(folder / "steps.parquet")
    one, other = (rlcalc.gain(folder / f"steps.{kind}") for kind in ("h5", "parquet"))

    assert one.to_polars().equals(other.to_polars())


def test_only_rows_that_fit_are_read(tmp_path: Path) -> None:
    path = d4rl(tmp_path / "maze.hdf5", **STEPS, infos__level=np.array([0, 0, 1, 1]))

    assert rlcalc.load(path, where="infos/level = 1").whole().reward.tolist() == [3, 4]


def test_vectors_are_divided_into_bins(tmp_path: Path) -> None:
    path = d4rl(tmp_path / "maze.hdf5", **STEPS)

    assert len(set(rlcalc.estimate(path, bins="1,1")["state"])) == 2


def faults_of(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        rlcalc.load(path).whole()
    return caught.value


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7, 0.99])
def test_a_file_that_was_cut_off_is_refused(kept: float, tmp_path: Path) -> None:
    folder = minari_folder("frozen-lake", tmp_path)
    path = folder / "data" / "main_data.hdf5"
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    fault = faults_of(path).faults[0]

    assert fault.what.startswith("this HDF5 file cannot be read: ")
    assert fault.where == str(path)


def test_an_empty_file_has_no_rewards(tmp_path: Path) -> None:
    h5py.File(tmp_path / "none.hdf5", "w").close()
    fault = faults_of(tmp_path / "none.hdf5").faults[0]

    assert fault.what == "there are no rewards: / holds nothing"


def test_another_file_of_this_suffix_is_judged_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "x.hdf5").write_bytes(bytes(range(256)))

    assert faults_of(tmp_path / "x.hdf5").faults[0].what == "this is binary, of no known format"


def test_a_reward_that_is_not_a_number_is_shown_by_its_row(tmp_path: Path) -> None:
    rewards = np.array([1, 2, np.nan, 4])
    fault = faults_of(d4rl(tmp_path / "a.h5", **{**STEPS, "rewards": rewards})).faults[0]

    assert fault.what == "rewards is nan, expected a finite number"
    assert fault.where.endswith("a.h5, row 3")


def test_a_reward_in_a_group_is_shown_by_its_trajectory(tmp_path: Path) -> None:
    folder = minari_folder("blackjack", tmp_path)
    with h5py.File(folder / "data" / "main_data.hdf5", "a") as file:
        file["episode_1/rewards"][-1] = np.inf
        n_steps = len(file["episode_1/rewards"])
    fault = faults_of(folder).faults[0]

    assert fault.what == "rewards is inf, expected a finite number"
    assert fault.where.endswith(f"main_data.hdf5, episode_1, row {n_steps}")


def test_without_h5py_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = d4rl(tmp_path / "maze.hdf5", **STEPS)
    monkeypatch.setitem(sys.modules, "h5py", None)
    fault = faults_of(path).faults[0]

    assert fault.what == "reading HDF5 needs h5py, which is not installed"
    assert fault.fix == "pip install 'rlcalc[hdf5]'"


def test_group_says_that_these_are_not_rollouts(tmp_path: Path) -> None:
    path = d4rl(tmp_path / "maze.hdf5", **STEPS)

    with pytest.raises(InputError, match="rollouts are not read from hdf5"):
        rlcalc.group(path)

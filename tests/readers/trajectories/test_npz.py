"""Npz files of steps: by their path, in every command that reads experience; and faulty ones."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError

FLAT: dict[str, Any] = {
    "observations": np.array([0, 1, 0, 1]),
    "actions": np.array([0, 1, 1, 1]),
    "rewards": np.array([1.0, 2, 3, 4]),
    "terminals": np.array([0, 1, 0, 0]),
    "timeouts": np.array([0, 0, 0, 1]),
}


def saved(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_flat_arrays_give_the_answers_of_a_table(tmp_path: Path) -> None:
    path = saved(tmp_path / "steps.npz", **FLAT)
    pl.DataFrame(FLAT).write_parquet(tmp_path / "steps.parquet")

    for command in (rlcalc.gain, rlcalc.estimate):
        one, other = command(path), command(tmp_path / "steps.parquet")

        assert one.to_polars().equals(other.to_polars())


@pytest.mark.parametrize("command", ["estimate", "gain", "check", "model"])
def test_commands_read_them_by_name_and_from_a_pipe(command: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "steps.npz", **FLAT)
    piped, named = (
        subprocess.run(
            [sys.executable, "-m", "rlcalc", command, source, "--csv"],
            input=path.read_bytes(),
            capture_output=True,
            check=True,
        ).stdout
        for source in ("-", str(path))
    )

    assert piped == named


def test_check_tells_steps_from_a_model(tmp_path: Path) -> None:
    steps = saved(tmp_path / "steps.npz", **FLAT)
    model = saved(tmp_path / "model.npz", P=np.eye(2)[None], R=np.zeros((2, 1)))

    assert rlcalc.check(steps).title == "Trajectories"
    assert rlcalc.check(steps).facts["truncated"] == 1
    assert rlcalc.check(model).title == "A model"


def test_a_buffer_without_values_is_read(tmp_path: Path) -> None:
    rewards = np.array([[1.0, 10], [2, 20], [3, 30]])
    ends = np.array([[False, False], [True, False], [False, True]])
    path = saved(
        tmp_path / "buffer.npz",
        obs=np.zeros((3, 2, 4)),
        actions=np.ones((3, 2, 1)),
        rewards=rewards,
        terminated=ends,
        truncated=np.zeros((3, 2), bool),
    )
    result = rlcalc.gain(path, rows="episodes")

    assert list(result["trajectory"]) == ["env 0, episode 0", "env 0, episode 1",
                                          "env 1, episode 0"]  # fmt: skip
    assert list(result["gain"]) == [3, 3, 60]
    assert list(result["end"]) == ["terminated", "truncated", "terminated"]


def test_the_last_values_are_bootstrapped_from(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "buffer.npz",
        obs=np.zeros((2, 1)),
        actions=np.zeros((2, 1)),
        rewards=np.array([[1.0], [2]]),
        values=np.array([[5.0], [6]]),
        terminated=np.zeros((2, 1)),
        truncated=np.array([[0], [1]]),
        last_values=np.array([10.0]),
    )
    result = rlcalc.gain(path, truncated="bootstrap", gamma=0.5)

    assert list(result["gain"]) == [1 + 0.5 * (2 + 0.5 * 10), 2 + 0.5 * 10]


def test_shards_give_the_answer_of_the_whole(tmp_path: Path) -> None:
    path = saved(tmp_path / "steps.npz", **FLAT)

    assert list(rlcalc.by_shards("estimate", path)["q"]) == list(rlcalc.estimate(path)["q"])


def test_lists_of_episodes_are_pickles_and_refused(tmp_path: Path) -> None:
    ragged = np.array([np.ones(2), np.ones(3)], dtype=object)
    path = saved(tmp_path / "lists.npz", rewards=ragged, actions=ragged)

    with pytest.raises(InputError, match="needs unpickling, which rlcalc never does"):
        rlcalc.load(path).whole()


def test_the_line_for_episodes_of_dreamer_makes_steps(tmp_path: Path) -> None:
    """A reset, two steps: rewards and actions stand beside the observation after them."""
    path = saved(
        tmp_path / "episode.npz",
        image=np.array([0, 1, 2]),
        action=np.array([0, 3, 4]),
        reward=np.array([0.0, 5, 6]),
        is_first=np.array([True, False, False]),
        is_last=np.array([False, False, True]),
        is_terminal=np.array([False, False, False]),
    )
    with pytest.raises(InputError) as caught:
        rlcalc.load(path).whole()
    line = caught.value.faults[0].fix.partition("make steps: ")[2]
    line = line.replace("FILE", str(path)).replace("OBSERVATION", "image")
    subprocess.run(
        line.replace("python ", f"{sys.executable} "), shell=True, cwd=tmp_path, check=True
    )
    batch = rlcalc.load(tmp_path / "steps.npz").whole()

    assert batch.reward.tolist() == [5, 6]
    assert batch.states.names() == [0, 1]
    assert batch.actions.names() == [3, 4]
    assert batch.truncated.tolist() == [True]


@pytest.mark.parametrize("kept", [0.1, 0.6, 0.95])
def test_a_file_that_was_cut_off_is_refused(kept: float, tmp_path: Path) -> None:
    path = saved(tmp_path / "steps.npz", **FLAT)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])

    with pytest.raises(InputError, match=r"npz file cannot be read|not an npz file"):
        rlcalc.load(path).whole()


def test_a_reward_that_is_not_a_number_is_shown(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", **{**FLAT, "rewards": np.array([1, 2, np.nan, 4])})
    with pytest.raises(InputError) as caught:
        rlcalc.load(path).whole()

    assert caught.value.faults[0].what == "rewards is nan, expected a finite number"
    assert caught.value.faults[0].where.endswith("a.npz, row 3")


def test_arrays_of_something_else_are_listed(tmp_path: Path) -> None:
    path = saved(tmp_path / "evaluations.npz", timesteps=np.ones(2), results=np.ones((2, 3)))

    with pytest.raises(InputError, match="trajectories are in no npz file of these arrays"):
        rlcalc.load(path).whole()

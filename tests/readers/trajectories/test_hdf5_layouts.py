"""Layouts of HDF5 files: which one a file has, and what is chosen of each."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError


def write(path: Path, arrays: dict[str, Any]) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def demo(number: int, length: int, home: str = "data/demo_") -> dict[str, Any]:
    """Return a trajectory as robomimic writes it (its documentation, "Dataset Structure")."""
    group = f"{home}{number}/"
    steps = np.arange(length)
    return {
        f"{group}obs/position": steps.reshape(-1, 1) + 0.5,
        f"{group}obs/gripper": steps,
        f"{group}next_obs/position": steps.reshape(-1, 1) + 1.5,
        f"{group}next_obs/gripper": steps + 1,
        f"{group}states": np.zeros((length, 3)),
        f"{group}actions": np.zeros((length, 2)),
        f"{group}rewards": np.full(length, float(number)),
        f"{group}dones": steps == length - 1,
    }


def test_demonstrations_of_robomimic_are_trajectories_in_numeric_order(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"mask/train": np.array([b"demo_2"])}
    for number in (10, 2, 1):
        arrays |= demo(number, number)
    path = write(tmp_path / "low_dim.hdf5", arrays)
    batch = rlcalc.load(path, identify=True).whole()

    assert batch.name == ["1", "2", "10"]
    assert batch.length.tolist() == [1, 2, 10]
    assert batch.reward.tolist() == [1, 2, 2, *[10] * 10]
    assert batch.states.names()[1] == '{"gripper":1,"position":[1.5]}'
    assert batch.last_state is not None
    assert [batch.states.names()[s] for s in batch.last_state] == [
        f'{{"gripper":{n},"position":[{n}.5]}}' for n in (1, 2, 10)
    ]


def test_a_part_of_the_observation_may_be_the_state(tmp_path: Path) -> None:
    path = write(tmp_path / "low_dim.hdf5", demo(1, 3))
    batch = rlcalc.load(path, columns={"state": "obs/gripper"}).whole()

    assert batch.states.names() == [0, 1, 2]
    assert batch.last_state is None


def test_flat_arrays_may_stand_in_a_group(tmp_path: Path) -> None:
    flat = {"observations": [1, 2], "actions": [0, 0], "rewards": [1.0, 2.0], "dones": [0, 1]}
    path = write(tmp_path / "a.h5", {f"train/{name}": array for name, array in flat.items()})

    assert rlcalc.load(path).whole().reward.tolist() == [1, 2]


def test_flat_arrays_of_d3rlpy_1_tell_cuts_by_the_ends_of_episodes(tmp_path: Path) -> None:
    """Its `load_v1`: a time-out is an end of an episode that is not a terminal."""
    arrays = {
        "observations": [1, 2, 3],
        "actions": [0, 1, 0],
        "rewards": [1.0, 2.0, 3.0],
        "terminals": [0.0, 1.0, 0.0],
        "episode_terminals": [0.0, 1.0, 1.0],
    }
    batch = rlcalc.load(write(tmp_path / "v1.h5", arrays)).whole()

    assert batch.terminated.tolist() == [True, False]
    assert batch.truncated.tolist() == [False, True]


def test_names_of_one_number_are_different_trajectories(tmp_path: Path) -> None:
    arrays = {**demo(1, 2, "e"), **demo(1, 3, "e0")}
    batch = rlcalc.load(write(tmp_path / "a.h5", arrays)).whole()

    assert batch.length.tolist() == [3, 2]


def refusal(path: Path, **reading: Any) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        rlcalc.load(path, **reading).whole()
    fault = caught.value.faults[0]
    return fault.what, fault.where


def test_what_one_trajectory_lacks_is_named_with_its_place(tmp_path: Path) -> None:
    arrays = {**demo(1, 2), **demo(2, 2)}
    del arrays["data/demo_2/actions"]
    what, where = refusal(write(tmp_path / "a.h5", arrays))

    assert what == "an array is missing"
    assert where.endswith("a.h5, demo_2: actions")


def test_arrays_of_different_lengths_are_refused(tmp_path: Path) -> None:
    arrays = {**demo(1, 2), "data/demo_1/actions": np.zeros((5, 2))}
    what, where = refusal(write(tmp_path / "a.h5", arrays))

    assert what == "this has 5 rows, expected 2 as of the rewards"
    assert where.endswith("demo_1: actions")


def test_a_trajectory_without_steps_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", {**demo(1, 2), **demo(2, 0)})

    assert refusal(path) == ("a trajectory with no steps", f"{path}, demo_2")


def test_without_rewards_the_error_lists_the_arrays(tmp_path: Path) -> None:
    path = write(tmp_path / "weights.h5", {"layer/kernel": np.zeros((2, 2)), "layer/bias": [0]})

    assert refusal(path)[0] == "there are no rewards: / holds layer"


def test_another_array_may_be_the_reward(tmp_path: Path) -> None:
    arrays = {"observations": [1, 2], "actions": [0, 0], "info/cost": [1.0, 2.0], "dones": [0, 1]}
    path = write(tmp_path / "a.h5", arrays)

    assert rlcalc.load(path, columns={"reward": "-info/cost"}).whole().reward.tolist() == [-1, -2]


def test_arrays_of_environments_are_a_buffer(tmp_path: Path) -> None:
    arrays = {
        "obs": np.array([[[0.0], [5]], [[1], [6]]]),
        "actions": np.array([[0, 1], [1, 0]]),
        "rewards": np.array([[1.0, 2], [3, 4]]),
        "terminated": np.array([[True, False], [True, False]]),
        "truncated": np.array([[False, False], [False, True]]),
    }
    batch = rlcalc.load(write(tmp_path / "buffer.h5", arrays), identify=True).whole()

    assert batch.reward.tolist() == [1, 3, 2, 4]
    assert batch.name == ["env 0, episode 0", "env 0, episode 1", "env 1, episode 0"]
    assert batch.states.names() == ["[0]", "[1]", "[5]", "[6]"]


def test_names_that_are_not_text_are_passed_by(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", demo(1, 2))
    with h5py.File(path, "a") as file:
        file.create_group(b"\xff\xfe1")

    assert rlcalc.load(path).whole().reward.tolist() == [1, 1]

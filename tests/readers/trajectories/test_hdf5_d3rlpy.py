"""Dumps of d3rlpy: numbered arrays, the end of each trajectory, and dumps that are incomplete."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError
from tests.readers.trajectories.hdf5_files import d3rlpy


def episode(length: int, *, terminated: bool, first: float = 0) -> dict[str, Any]:
    return {
        "observations": np.arange(first, first + length, dtype=np.float32).reshape(-1, 1),
        "actions": np.arange(length, dtype=np.int32).reshape(-1, 1) % 2,
        "rewards": np.full((length, 1), 2, np.float32),
        "terminated": terminated,
    }


EPISODES = [episode(3, terminated=True), episode(2, terminated=False, first=7)]


def test_a_dump_is_read_by_its_numbers(tmp_path: Path) -> None:
    path = d3rlpy(tmp_path / "replay.h5", EPISODES * 6)
    batch = rlcalc.load(path, identify=True).whole()

    assert batch.name == [str(n) for n in range(12)]
    assert batch.length.tolist() == [3, 2] * 6
    assert batch.reward.tolist() == [2] * 30
    assert batch.terminated.tolist() == [True, False] * 6
    assert batch.truncated.tolist() == [False, True] * 6
    assert batch.states.names() == ["[0]", "[1]", "[2]", "[7]", "[8]"]
    assert batch.actions.names() == [0, 1]


def test_observations_of_several_parts_are_one_state(tmp_path: Path) -> None:
    parts = {"observations": (np.zeros((3, 2), np.float32), np.arange(3))}
    path = d3rlpy(tmp_path / "replay.h5", [{**EPISODES[0], **parts}])

    assert rlcalc.load(path).whole().states.names()[1] == '{"0":[0.0,0.0],"1":1}'


def test_another_version_is_named(tmp_path: Path) -> None:
    path = d3rlpy(tmp_path / "replay.h5", EPISODES, version="3.0")

    with pytest.raises(InputError, match=r"a dump of d3rlpy of version 3.0, and 2.1 is read"):
        rlcalc.load(path).whole()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("rewards_1", "there are 2 episodes, and this one is missing"),
        ("actions_1", "an array is missing"),
        ("terminated_1", "there is no flag of the end"),
    ],
)
def test_an_array_that_is_missing_is_named(name: str, what: str, tmp_path: Path) -> None:
    path = d3rlpy(tmp_path / "replay.h5", EPISODES)
    with h5py.File(path, "a") as file:
        del file[name]
    with pytest.raises(InputError) as caught:
        rlcalc.load(path).whole()

    assert caught.value.faults[0].what == what
    assert name in caught.value.faults[0].where

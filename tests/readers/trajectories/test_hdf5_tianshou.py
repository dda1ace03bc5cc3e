"""Buffers of tianshou: what is not filled yet, what was written over, and several environments."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError
from tests.readers.trajectories.hdf5_files import tianshou


def meta(rewards: list[float], ends: list[int], **more: Any) -> dict[str, Any]:
    """Return the arrays of a buffer, in which steps of 1 terminate and of 2 are truncated."""
    n = len(rewards)
    end = np.array(ends)
    return {
        "obs": np.arange(n) % 4,
        "act": np.arange(n) % 2,
        "rew": np.array(rewards, float),
        "terminated": end == 1,
        "truncated": end == 2,
        "done": end > 0,
        "obs_next": np.arange(1, n + 1) % 4,
        "info": {"env_id": np.zeros(n, int)},
        "policy": {},
        **more,
    }


def test_rows_that_are_not_filled_are_no_steps(tmp_path: Path) -> None:
    arrays = meta([1, 2, 3, 0, 0], [0, 1, 0, 0, 0])
    path = tianshou(tmp_path / "buffer.hdf5", arrays, last_index=np.array([2]), _size=3)
    batch = rlcalc.load(path).whole()

    assert batch.reward.tolist() == [1, 2, 3]
    assert batch.start.tolist() == [0, 2, 3]
    assert batch.terminated.tolist() == [True, False]


def test_a_full_buffer_begins_behind_its_newest_step(tmp_path: Path) -> None:
    arrays = meta([5, 6, 2, 3, 4], [0, 2, 0, 1, 0])
    path = tianshou(tmp_path / "buffer.hdf5", arrays, last_index=np.array([1]), _size=5)
    experience = rlcalc.load(path)
    batch = experience.whole()

    assert batch.reward.tolist() == [2, 3, 4, 5, 6]
    assert batch.start.tolist() == [0, 2, 5]
    assert batch.truncated.tolist() == [False, True]
    assert any("was full and written over" in note for note in experience.notes)


def test_environments_are_read_one_after_the_other(tmp_path: Path) -> None:
    """As `VectorReplayBuffer` keeps them; its list of buffers is pickled, and not looked at."""
    arrays = meta([1, 2, 0, 6, 4, 5], [0, 2, 0, 1, 0, 2])
    path = tianshou(
        tmp_path / "buffer.hdf5",
        arrays,
        buffers=np.array([object, object], dtype=object),
        _offset=np.array([0, 3]),
        _extend_offset=np.array([0, 3, 6]),
        _lengths=np.array([2, 3]),
        last_index=np.array([1, 3]),
        _size=0,
    )
    batch = rlcalc.load(path).whole()

    assert batch.reward.tolist() == [1, 2, 4, 5, 6]
    assert batch.start.tolist() == [0, 2, 4, 5]
    assert batch.terminated.tolist() == [False, False, True]


def test_observations_that_are_pickled_stay_so(tmp_path: Path) -> None:
    arrays = meta([1, 2], [0, 1], obs=np.array([None, "x"], dtype=object))
    path = tianshou(tmp_path / "buffer.hdf5", arrays, last_index=np.array([1]), _size=2)

    with pytest.raises(InputError, match="obs holds pickled objects, which is not read"):
        rlcalc.load(path).whole()


@pytest.mark.parametrize(
    "state", [{"_size": 9}, {"_size": -1}, {"last_index": np.array([7])}, {"_offset": [0, 1]}]
)
def test_sizes_that_do_not_fit_are_refused(state: dict[str, Any], tmp_path: Path) -> None:
    state = {n: np.array(v) if isinstance(v, list) else v for n, v in state.items()}
    usual: dict[str, Any] = {"last_index": np.array([1]), "_size": 2}
    path = tianshou(tmp_path / "buffer.hdf5", meta([1, 2], [0, 1]), **{**usual, **state})

    with pytest.raises(InputError, match="do not fit its arrays"):
        rlcalc.load(path).whole()

"""Buffers [T, N]: what an array holds, and what dones[t] means."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from rlcalc.errors import InputError
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
from tests.estimators.programs.sources import buffer, seeds

TABLE = np.arange(6.0).reshape(3, 2)


def test_environments_are_columns() -> None:
    """Three steps of two environments; in environment 0 an episode ends with step 1."""
    ends = np.array([[0, 0], [1, 0], [0, 0]])
    batch, _ = trajectories_of_arrays(
        {"rewards": TABLE, "values": 10 + TABLE, "terminated": ends, "last_values": [7.0, 8.0]},
        "here",
    )

    assert batch.name == ["env 0, episode 0", "env 0, episode 1", "env 1, episode 0"]
    np.testing.assert_array_equal(batch.reward, [0, 2, 4, 1, 3, 5])
    np.testing.assert_array_equal(batch.row, [0, 2, 4, 1, 3, 5])
    np.testing.assert_array_equal(batch.start, [0, 2, 3, 6])
    np.testing.assert_array_equal(batch.terminated, [True, False, False])
    assert batch.next_value is not None
    np.testing.assert_array_equal(batch.next_value[[2, 5]], [7, 8])


@given(seeds)
def test_three_ways_to_write_the_same_ends(seed: int) -> None:
    """After step t, before it (with what follows the last), and as first steps."""
    rng = np.random.default_rng(seed)
    shape = int(rng.integers(1, 8)), int(rng.integers(1, 4))
    after = rng.random(shape) < 0.3
    before = np.concatenate([np.zeros((1, shape[1]), bool), after])
    plain = {"rewards": rng.normal(size=shape), "values": rng.normal(size=shape)}
    plain["last_values"] = rng.normal(size=shape[1])
    ways: list[dict[str, Any]] = [
        {"terminated": after},
        {"dones": before},
        {"dones": before[:-1], "next_done": before[-1]},
        {"episode_starts": before[:-1], "dones": before[-1]},
    ]
    batches = [trajectories_of_arrays(plain | way, "here")[0] for way in ways]
    batches.append(trajectories_of_arrays(plain | {"dones": after}, "here", "after")[0])
    batches.append(trajectories_of_arrays(plain | ways[-1], "here", "starts")[0])
    if shape[0] > 1:  # whatever program computes, the buffer says what its flags mean
        batches.append(trajectories_of_arrays(plain | ways[-1], "here", "after")[0])

    for batch in batches[1:]:
        np.testing.assert_array_equal(batch.start, batches[0].start)
        np.testing.assert_array_equal(batch.terminated, batches[0].terminated)


@given(seeds)
def test_one_environment_may_be_flat(seed: int) -> None:
    arrays = {
        name: array[:, :1] if array.ndim == 2 else array[:1] for name, array in buffer(seed).items()
    }
    flat = {name: array.reshape(-1) for name, array in arrays.items()}
    deep = {name: array[:, :, None] if array.ndim == 2 else array for name, array in arrays.items()}
    batches = [trajectories_of_arrays(one, "here")[0] for one in (arrays, flat, deep)]

    for batch in batches[1:]:
        np.testing.assert_array_equal(batch.start, batches[0].start)
        np.testing.assert_array_equal(batch.next_value, batches[0].next_value)


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"rewards": TABLE}, "no array of values"),
        ({"values": TABLE}, "no array of rewards"),
        ({"rewards": TABLE, "values": TABLE}, "nothing tells where an episode ends"),
        ({"rewards": TABLE, "values": TABLE, "dones": TABLE > 3}, "dones\\[t\\] may mean"),
        ({"rewards": TABLE, "values": TABLE[:1], "terminated": TABLE > 3}, "shape of value"),
        ({"rewards": TABLE, "values": TABLE, "terminated": TABLE}, "terminated holds 2.0"),
        (
            {"rewards": TABLE, "values": TABLE * np.nan, "terminated": TABLE > 3},
            "the value is nan",
        ),
        (
            {"rewards": TABLE, "values": TABLE, "terminated": TABLE > 3, "last_values": [1.0]},
            "the shape of last_values is",
        ),
    ],
)
def test_arrays_that_are_no_buffer_are_refused(arrays: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        trajectories_of_arrays(arrays, "here")


def test_probabilities_and_action_values_are_read() -> None:
    """Those of all actions, [T, N, A], are not of the action that was taken."""
    arrays = {"rewards": TABLE, "values": TABLE, "terminated": np.zeros((3, 2))}
    names = {"log_pi": "log_prob", "log_mu": "old_log_prob", "q": "action_value"}
    taken, _ = trajectories_of_arrays(arrays | dict.fromkeys(names, -TABLE), "here")
    of_all = dict.fromkeys(names, np.zeros((3, 2, 4)))
    others, _ = trajectories_of_arrays(arrays | of_all, "here")

    for field in names.values():
        np.testing.assert_array_equal(getattr(taken, field), [0, -2, -4, -1, -3, -5])
        assert getattr(others, field) is None


@pytest.mark.parametrize("environments_first", [False, True])
@pytest.mark.parametrize("third", [False, True])
def test_the_values_that_follow_tell_which_axis_is_time(
    environments_first: bool, third: bool
) -> None:
    """Two steps of three environments, with a third axis of one or without."""
    following = np.concatenate([TABLE.T[1:], [[7, 8, 9]]])
    arrays = {"rewards": TABLE.T, "values": TABLE.T, "next_values": following}
    arrays |= {"terminated": np.zeros((2, 3))}
    turned = {n: a.T if environments_first else a for n, a in arrays.items()}
    if third:
        turned = {n: a[:, :, None] for n, a in turned.items()}
    batch, notes = trajectories_of_arrays(turned, "here")
    order = np.arange(6) if environments_first else [0, 3, 1, 4, 2, 5]

    assert batch.row is not None
    np.testing.assert_array_equal(batch.reward, [0, 1, 2, 3, 4, 5])
    np.testing.assert_array_equal(batch.row, order)
    assert len(notes) == environments_first


def test_a_critic_that_is_constant_tells_no_axis() -> None:
    arrays = {"rewards": TABLE, "terminated": np.zeros((3, 2))}
    zeros = dict.fromkeys(("values", "next_values"), np.zeros((3, 2)))
    batch, notes = trajectories_of_arrays(arrays | zeros, "here")

    assert batch.row is not None
    assert not notes
    np.testing.assert_array_equal(batch.row, [0, 2, 4, 1, 3, 5])


def test_dones_beside_episode_starts_tell_how_the_last_step_ended() -> None:
    """dones[t] is episode_starts[t + 1], and one row more is known."""
    done = np.array([[0, 1], [0, 0], [1, 0]])
    arrays = {"rewards": TABLE, "values": TABLE, "dones": done, "last_values": np.ones(2)}
    batch, _ = trajectories_of_arrays(
        arrays | {"episode_starts": np.array([[1, 1], *done[:-1]])}, "here"
    )
    scalar = {name: array[:, 0] for name, array in arrays.items() if name != "last_values"}
    scalar |= {"episode_starts": np.array([1, 0, 0]), "dones": np.array(True)}
    one, _ = trajectories_of_arrays(scalar, "here")

    np.testing.assert_array_equal(batch.terminated, [True, True, False])
    np.testing.assert_array_equal(one.terminated, [True])

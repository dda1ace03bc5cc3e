"""Arrays of steps as a table: flat, of environments, padded; what they must agree on."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers.trajectories.array_steps import by_environment, holds_steps, table_of_arrays
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays

FLAT = {
    "observations": np.array([[1.5, 2], [3, 4], [5, 6]]),
    "actions": np.array([0, 1, 0]),
    "rewards": np.array([1.0, 2, 3]),
}


def table(arrays: dict[str, Any], columns: dict[str, str] | None = None) -> dict[str, list[Any]]:
    columns_of_steps, _ = table_of_arrays(arrays, "x.npz", columns or {})
    return {name: array.tolist() for name, array in columns_of_steps.items()}


def refusal(arrays: dict[str, Any], columns: dict[str, str] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        table(arrays, columns)
    return caught.value.faults[0].what


def test_flat_arrays_are_columns() -> None:
    arrays = {**FLAT, "terminals": np.array([[0], [1], [1]]), "gamma": np.array(0.9)}

    assert table(arrays) == {
        "observations": [[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]],
        "actions": [0, 1, 0],
        "rewards": [1.0, 2.0, 3.0],
        "terminals": [0, 1, 1],
    }


@pytest.mark.parametrize("lengths", [{"lengths": [2, 1]}, {"episode_ends": [2, 3]}])
def test_lengths_tell_trajectories_apart(lengths: dict[str, Any]) -> None:
    arrays = {**FLAT, **{name: np.array(value) for name, value in lengths.items()}}

    assert table(arrays)["trajectory"] == [0, 0, 1]


def test_arrays_of_one_trajectory_each_are_joined_in_numeric_order() -> None:
    arrays: dict[str, Any] = {}
    for number in (10, 2):
        arrays |= {
            f"obs_{number}": np.arange(number + 1),
            f"act_{number}": np.arange(number),
            f"rew_{number}": np.full(number, float(number)),
        }
    rows = table(arrays)

    assert rows["rew"] == [2.0] * 2 + [10.0] * 10
    assert rows["trajectory"] == [0] * 2 + [1] * 10
    assert rows["obs"] == [0, 1, *range(10)]
    del arrays["act_2"]
    assert refusal(arrays) == "the array act_2 is missing, and there are 2 rewards"


def test_padding_is_left_out() -> None:
    arrays = {
        "obs": np.arange(6).reshape(2, 3),
        "act": np.zeros((2, 3, 2)),
        "rew": np.array([[1.0, 2, 3], [4, np.nan, np.nan]]),
        "terminated": np.array([True, False]),
        "lengths": np.array([3, 1]),
    }
    rows = table(arrays)

    assert rows["rew"] == [1, 2, 3, 4]
    assert rows["obs"] == [0, 1, 2, 3]
    assert rows["trajectory"] == [0, 0, 0, 1]
    assert rows["terminated"] == [False, False, True, False]


def test_a_buffer_has_the_steps_of_each_environment_after_each_other() -> None:
    """Two environments and three steps; dones before the steps, as in CleanRL."""
    arrays = {
        "obs": np.array([[0, 10], [1, 11], [2, 12], [3, 13]]),
        "actions": np.array([[5, 6], [5, 6], [7, 8]]),
        "rewards": np.array([[1.0, 2], [3, 4], [5, 6]]),
        "dones": np.array([[1, 1], [0, 1], [0, 0]]),
        "next_done": np.array([1, 0]),
    }
    rows = table(arrays)

    assert rows["obs"] == [0, 1, 2, 10, 11, 12]
    assert rows["rewards"] == [1, 3, 5, 2, 4, 6]
    assert rows["terminated"] == [False, False, True, True, False, False]
    assert rows["trajectory"] == [*["env 0, episode 0"] * 3, "env 1, episode 0",
                                  *["env 1, episode 1"] * 2]  # fmt: skip


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(2, 6))
def test_with_values_the_rows_are_those_of_a_buffer(seed: int, n: int, t: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = {
        "rewards": rng.normal(size=(t, n)),
        "values": rng.normal(size=(t, n)),
        "terminated": rng.random((t, n)) < 0.2,
        "truncated": rng.random((t, n)) < 0.2,
        "last_values": rng.normal(size=n),
    }
    batch, _ = trajectories_of_arrays(arrays, "x.npz")
    rows = table(arrays)
    end = batch.start[1:] - 1

    assert rows["rewards"] == batch.reward.tolist()
    assert rows["value"] == (batch.value if batch.value is None else batch.value.tolist())
    assert list(dict.fromkeys(rows["trajectory"])) == batch.name
    assert np.array(rows["terminated"])[end].tolist() == batch.terminated.tolist()
    assert batch.last_value is not None
    np.testing.assert_array_equal(np.array(rows["next_value"])[end], batch.last_value)


def test_dones_that_can_mean_two_things_are_asked_for() -> None:
    arrays = {"rewards": np.ones((3, 2)), "obs": np.ones((3, 2)), "dones": np.zeros((3, 2))}
    arrays["dones"][1] = 1

    assert "dones[t] may mean" in refusal(arrays)
    assert table(arrays, {"terminated": "dones"})["dones"] == [False, True, False] * 2
    before = table(arrays, {"is_first": "dones"})
    assert before["terminated"] == [True, False, False] * 2


def test_what_does_not_fit_is_refused() -> None:
    assert refusal({"x": np.ones(3)}) == "there is no array of rewards"
    short = {**FLAT, "actions": np.zeros(2)}
    assert refusal(short) == "the shape of actions is (2,), and there are 3 rewards"
    assert refusal({"rewards": np.ones((2, 2, 2))}) == "the shape of rewards is (2, 2, 2)"
    assert refusal({"rewards": np.ones(0)}) == "the shape of rewards is (0,)"
    wrong = {**FLAT, "lengths": np.array([2, 2])}
    assert "the lengths in lengths do not fit the rewards" in refusal(wrong)
    assert "has the type complex" in refusal({**FLAT, "z": np.zeros(3, complex)})
    padded = {"rewards": np.ones((2, 3)), "actions": np.ones((2, 2)), "lengths": np.array([3, 1])}
    assert "the shape of actions is (2, 2)" in refusal(padded)


def test_rewards_beside_the_state_that_follows_are_refused() -> None:
    marks = {name: np.zeros(3, bool) for name in ("is_first", "is_last", "is_terminal")}

    assert "stand beside the state that follows" in refusal({**FLAT, **marks})


def test_names_tell_steps_from_models() -> None:
    assert holds_steps(["observations", "actions", "rewards", "terminals"], {})
    assert holds_steps(["rewards", "lengths"], {})
    assert holds_steps(["x", "y"], {"reward": "x"})
    assert not holds_steps(["P", "R", "start"], {})
    assert not holds_steps(["R", "Q", "beta"], {})
    assert not holds_steps(["timesteps", "results", "ep_lengths"], {})


def test_axes_are_turned() -> None:
    assert by_environment(np.array([[1, 2], [3, 4]])).tolist() == [1, 3, 2, 4]

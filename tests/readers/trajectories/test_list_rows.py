"""Rows with lists in their cells: where trajectories end within a row, and what is refused."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError

STEPS = {"obs": [0, 2, 0, 2], "actions": [1, 1, 1, 1], "rewards": [1.0, 1.0, 1.0, 1.0]}
TWO_ENDS = [False, True, False, True]
STATES = ["a", "b", "c", "d", "e"]


def as_frame(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({name: [value] for name, value in (STEPS | columns).items()})


@pytest.mark.parametrize("name", ["terminated", "truncateds", "dones"])
def test_an_end_within_a_list_ends_a_trajectory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(json.dumps(STEPS | {name: TWO_ENDS}))

    for source in (path, as_frame(**{name: TWO_ENDS})):
        assert rlcalc.gain(source)["gain"].tolist() == [2, 1, 2, 1]


@given(st.lists(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1), min_size=1))
def test_flags_in_lists_mean_what_they_mean_one_step_a_row(
    rows: list[list[tuple[bool, bool]]],
) -> None:
    """Every row is a trajectory of its own at least, as its number tells one step a row."""
    steps = pl.DataFrame(
        [
            {"episode": e, "state": f"{e}.{t}", "action": "x", "reward": 1.0 + t}
            | {"terminated": terminated, "truncated": truncated}
            for e, row in enumerate(rows)
            for t, (terminated, truncated) in enumerate(row)
        ]
    )
    lists = steps.group_by("episode", maintain_order=True).all()
    wanted, given = (rlcalc.load(frame, identify=True).whole() for frame in (steps, lists))

    for name in ("start", "state", "reward", "terminated", "truncated"):
        np.testing.assert_array_equal(getattr(given, name), getattr(wanted, name))
    assert given.name == wanted.name


def test_the_entry_after_the_last_step_belongs_to_the_last_trajectory_of_a_row() -> None:
    values = [0.0, 1.0, 2.0, 3.0, 4.0]
    read = rlcalc.load(as_frame(obs=STATES, values=values, truncated=TWO_ENDS)).whole()

    assert read.last_state is not None
    assert read.last_state.tolist() == [-1, 4]
    np.testing.assert_array_equal(read.last_value, [np.nan, 4.0])


def test_a_missing_list_of_flags_sets_none() -> None:
    frame = pl.concat(
        [as_frame(terminated=TWO_ENDS), as_frame(terminated=None)], how="diagonal_relaxed"
    )
    read = rlcalc.load(frame).whole()

    assert read.start.tolist() == [0, 2, 4, 8]
    assert read.terminated.tolist() == [True, True, False]


def test_names_in_lists_tell_trajectories_apart() -> None:
    """As RLlib wrote its sample batches."""
    result = rlcalc.gain(as_frame(eps_id=[7, 7, 8, 8]))

    assert result["gain"].tolist() == [2, 1, 2, 1]
    assert list(map(str, result["trajectory"].tolist())) == ["7", "7", "8", "8"]


def test_a_trajectory_that_goes_on_in_another_row_is_refused() -> None:
    frame = pl.concat([as_frame(eps_id=[7, 7, 8, 8]), as_frame(eps_id=[8, 8, 9, 9])])
    with pytest.raises(InputError, match="trajectory 8 goes on"):
        rlcalc.estimate(frame)


def test_flags_of_another_length_than_the_rewards_are_refused() -> None:
    with pytest.raises(InputError, match="terminated differ in length"):
        rlcalc.estimate(as_frame(terminated=[False, True]))


def test_marks_of_entries_that_are_no_steps_are_refused() -> None:
    """RLDS writes an entry for the last state, whose reward is none."""
    with pytest.raises(InputError, match="is_last in lists cannot be read"):
        rlcalc.estimate(as_frame(is_last=[False, False, False, True]))

"""Trajectories as flat arrays can be cut, chosen from, joined and streamed without a change."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import Fault, InputError, ShapeError
from rlcalc.labels import Labels
from rlcalc.trajectories import Experience, Trajectories, concatenate, nothing
from tests import reference
from tests.strategies import batches


def marked(data: list[reference.Trajectory]) -> Trajectories:
    """Trajectories with an array of every kind, in which each entry is one of a kind."""
    batch = reference.arrays(data)
    steps, trajectories = np.arange(batch.n_steps), np.arange(len(batch))
    return replace(
        batch,
        row=steps,
        value=steps.astype(np.float64),
        last_value=-trajectories.astype(np.float64),
        name=[f"walk {e}" for e in trajectories],
        truncated=trajectories % 2 == 1,
    )


def same(one: Trajectories, two: Trajectories) -> None:
    for array in fields(Trajectories):
        left, right = getattr(one, array.name), getattr(two, array.name)
        if not isinstance(left, Labels):
            assert (left is None) == (right is None), array.name
            np.testing.assert_array_equal(left, right, err_msg=array.name)


def cut_at(batch: Trajectories, cuts: set[int]) -> list[Trajectories]:
    edges = sorted({0, len(batch)} | {cut for cut in cuts if cut < len(batch)})
    return [batch.cut(first, last) for first, last in pairwise(edges)]


@given(batches(longest=4), st.sets(st.integers(1, 39)))
def test_what_is_cut_and_joined_again_is_what_it_was(
    data: list[reference.Trajectory], cuts: set[int]
) -> None:
    batch = marked(data)

    same(concatenate(cut_at(batch, cuts)), batch)


@given(batches(longest=4), st.data())
def test_the_chosen_trajectories_keep_their_own_steps(
    data: list[reference.Trajectory], draw: st.DataObject
) -> None:
    batch = marked(data)
    chosen = draw.draw(st.lists(st.booleans(), min_size=len(data), max_size=len(data)))
    kept = batch.select(np.array(chosen))
    wanted = [batch.cut(e, e + 1) for e, stays in enumerate(chosen) if stays]

    assert len(kept) == sum(chosen)
    if wanted:
        same(kept, concatenate(wanted))


@given(batches(longest=6), st.sets(st.integers(1, 39)), st.integers(1, 20))
def test_pieces_do_not_depend_on_how_the_batches_were_cut(
    data: list[reference.Trajectory], cuts: set[int], steps: int
) -> None:
    batch = marked(data)
    parts = Experience(iter(cut_at(batch, cuts)), batch.states, batch.actions)
    one, several = list(Experience.of(batch).pieces(steps)), list(parts.pieces(steps))

    assert [len(piece) for piece in one] == [len(piece) for piece in several]
    for left, right in zip(one, several, strict=True):
        same(left, right)
    same(concatenate(one), batch)


def test_a_batch_without_values_has_unknown_ones_and_without_probabilities_drops_all() -> None:
    bare = reference.arrays([[("a", "x", 1.0)]])
    full = replace(bare, value=np.array([3.0]), behaviour_prob=np.array([0.5]))
    joined = concatenate([bare, full])

    np.testing.assert_array_equal(joined.value, [np.nan, 3.0])
    assert joined.behaviour_prob is None
    assert joined.last_state is None


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"reward": [1.0, 2.0]}, "state has 3 entries, expected 2"),
        ({"terminated": [True]}, "terminated has 1 entries, expected 2"),
        ({"start": [0, 1, 2]}, "start does not lead from 0 to the 3 steps"),
        ({"start": [1, 2, 3]}, "start does not lead from 0 to the 3 steps"),
        ({"start": [0, 3, 3]}, "a trajectory has no steps"),
        ({"last_value": [0.0] * 3}, "last_value has 3 entries, expected 2"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(
    change: dict[str, list[float]], what: str
) -> None:
    batch = reference.arrays([[("a", "x", 1.0)], [("b", "x", 1.0), ("a", "y", 2.0)]])
    with pytest.raises(ShapeError, match=what) as caught:
        replace(batch, **{name: np.array(values) for name, values in change.items()})  # type: ignore[arg-type]

    assert caught.value.faults[0].fix


def test_what_cannot_have_happened_is_refused_with_its_entries() -> None:
    with pytest.raises(InputError) as caught:
        Trajectories.from_arrays(list("abcd"), [0] * 4, [1.0, np.nan, np.inf, np.nan])

    assert caught.value.faults == [
        Fault(
            "reward is nan, expected a finite number",
            "the arrays, entry 1, entry 2 and entry 3",
            "give a finite number",
        )
    ]


def test_a_fault_stops_the_reading_unless_faults_are_collected() -> None:
    states = Labels()
    experience = Experience.of(nothing(states, states))
    with pytest.raises(InputError, match="wrong"):
        experience.fault(Fault("wrong"), Fault("worse"))
    experience.faults = []
    experience.fault(Fault("wrong"), Fault("worse"))

    assert [fault.what for fault in experience.faults] == ["wrong", "worse"]
    assert len(experience.whole()) == 0

"""Groups that stand where those of one group should not are counted, and said in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.rollouts.overlaps import overlaps_in_a_file, overlaps_of_files


def files_note(key: list[int], file: list[int], names: list[str] | None = None) -> list[str]:
    files = [f"f{number}" for number in range(max(file) + 1)]
    return overlaps_of_files(np.array(key), np.array(file), files, names)[1]


def test_a_group_in_two_files_is_named_with_both() -> None:
    (note,) = files_note([0, 1, 1, 2], [0, 0, 1, 1], ["a", "b", "c"])

    assert note.startswith("1 group has rollouts in several files (b), in f0 and f1")


def test_only_the_first_of_many_groups_are_named() -> None:
    (note,) = files_note([0, 1, 2, 3, 4] * 2, [0] * 5 + [1] * 5, list("abcde"))

    assert note.startswith(
        "5 groups have rollouts in several files (a, b, c and 2 more), the first in f0 and f1"
    )


def test_groups_whose_names_say_nothing_are_not_named() -> None:
    (note,) = files_note([0, 0], [0, 1])

    assert "(" not in note


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), min_size=1, max_size=12),
    st.integers(0, 3),
)
def test_the_groups_that_are_counted_are_those_in_more_than_one_file(
    rows: list[tuple[int, int]], first: int
) -> None:
    """Files come one after the other; the rows of a group stand anywhere in them."""
    by_file = sorted([(0, first), *rows], key=lambda row: row[1])
    key, file = [row[0] for row in by_file], [row[1] for row in by_file]
    parted = {k for k in key if len({f for g, f in by_file if g == k}) > 1}
    notes = files_note(key, file)

    assert len(notes) == bool(parted)
    assert all(note.startswith(f"{len(parted)} group") for note in notes)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([0, 1, 2], []),
        ([0, 1, 0, 2], ["1 of 3 groups is of a prompt that occurs in several places"]),
        ([0, 1, 0, 1, 0], ["2 of 2 groups are of a prompt that occurs in several places"]),
    ],
)
def test_a_prompt_is_in_several_places_if_it_has_several_runs(
    runs: list[int], said: list[str]
) -> None:
    notes = overlaps_in_a_file(np.array(runs), "NeMo-RL")

    assert [note.split(":")[0] for note in notes] == said
    assert all(note.endswith("merged, as NeMo-RL does with them") for note in notes)

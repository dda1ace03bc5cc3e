"""Equal keys are one group and one rollout, wherever their rows stand."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers.rollouts import keys
from rlcalc.readers.rollouts.keys import key_runs, merged_rows, run_edges

PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1)), min_size=1, max_size=20)


def at(row: int) -> str:
    return f"row {row + 1}"


@given(PAIRS, st.integers(1, 4))
def test_keys_are_numbered_as_a_dictionary_numbers_them(
    rows: list[tuple[str, int]], size: int
) -> None:
    """However many rows are looked at together."""
    frame = pl.DataFrame(rows, schema=["group", "step"], orient="row")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "SLICE", size)
        edge, key, heads = key_runs(frame, ["group", "step"])
    known = {row: number for number, row in enumerate(dict.fromkeys(rows))}

    assert np.repeat(key, np.diff(edge)).tolist() == [known[row] for row in rows]
    assert heads.rows() == list(known)
    assert all(rows[begin] != rows[begin - 1] for begin in edge[1:-1])


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=8), st.integers(1, 4), st.data())
def test_no_group_is_cut_where_prompts_follow_each_other(
    prompts: list[str], size: int, data: st.DataObject
) -> None:
    """The trainer wrote blocks of one size, and was stopped somewhere in the last one."""
    rows = [prompt for prompt in prompts for _ in range(size)]
    rows = rows[: len(rows) - data.draw(st.integers(0, size - 1))]
    edges = run_edges(pl.DataFrame({"group": rows}))

    assert all(edge % size == 0 for edge in edges[:-1])
    assert edges[-1] == len(rows)
    for begin, end in pairwise(edges.tolist()):
        assert len(set(rows[begin:end])) == 1


def test_a_prompt_of_two_steps_in_a_row_is_two_runs() -> None:
    frame = pl.DataFrame({"group": ["a"] * 6, "step": [1, 1, 1, 2, 2, 2]})

    assert run_edges(frame).tolist() == [0, 3, 6]


@given(st.lists(st.tuples(st.sampled_from("pq"), st.integers(1, 9)), min_size=1, max_size=8))
def test_the_same_file_again_changes_nothing(rows: list[tuple[str, int]]) -> None:
    """Lengths add up over the rows of a rollout, but not over files that both hold it."""
    whole = pl.DataFrame(
        {
            "group": "g",
            "rollout": [name for name, _ in rows],
            "length": [float(length) for _, length in rows],
            "reward:r": 1.0,
            "file": 0,
        }
    )
    alone, several, _ = merged_rows(whole, ["group"], at)
    again = pl.concat([whole, whole.with_columns(file=1)])
    both, _, elsewhere = merged_rows(again, ["group"], at)

    assert both["rollout"].to_list() == list(dict.fromkeys(name for name, _ in rows))
    assert both.equals(alone)
    assert several == len(rows) - len(alone)
    assert elsewhere == len(rows)
    assert both["length"].sum() == sum(length for _, length in rows)


def test_rows_without_a_name_are_rollouts_by_themselves() -> None:
    frame = pl.DataFrame(
        {"group": ["g"] * 4, "rollout": [None, "a", None, "a"], "reward:r": [0.0, 1.0, 2.0, 1.0]}
    )
    left, several, elsewhere = merged_rows(frame, ["group"], at)

    assert left["reward:r"].to_list() == [0, 1, 2]
    assert (several, elsewhere) == (1, 0)


def test_a_rollout_of_two_groups_is_two() -> None:
    frame = pl.DataFrame({"group": ["g", "h"], "rollout": ["a", "a"], "reward:r": [0.0, 1.0]})

    assert merged_rows(frame, ["group"], at)[0].equals(frame)


@pytest.mark.parametrize("other", [0.0, None])
def test_a_rollout_with_two_rewards_is_refused_with_both_places(other: float | None) -> None:
    """A reward that is missing the second time contradicts the first one too."""
    frame = pl.DataFrame(
        {"group": ["g"] * 3, "rollout": ["a", "b", "a"], "reward:r": [1.0, 1.0, other]}
    )
    with pytest.raises(InputError, match=f"rewards 1.0 and {other}") as error:
        merged_rows(frame, ["group"], at)

    assert error.value.faults[0].where == "row 1 and row 3"

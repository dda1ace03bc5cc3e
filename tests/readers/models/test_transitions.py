"""Tables of transitions become models, whatever kind of labels and whatever order they have."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.labels import encoded_labels
from rlcalc.mdp import MDP
from rlcalc.readers.models.policies import read_policy
from rlcalc.readers.models.transitions import read
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.sources import opened

HEAD = "state,action,next_state,probability,reward\n"
wholes = st.one_of(st.integers(-5, 5), st.integers(-(2**62), 2**62))


def loaded(path: Path, text: str, request: ReadRequest | None = None) -> MDP:
    path.write_text(text)
    with opened(str(path), None) as file:
        return read(file, request or ReadRequest())


@given(st.lists(wholes, min_size=1, max_size=9), st.lists(wholes, min_size=1, max_size=9))
def test_codes_name_the_numbers_they_stand_for(one: list[int], two: list[int]) -> None:
    """Numbers near each other and far apart are coded in different ways."""
    columns = (np.array(one, dtype=np.int64), np.array(two, dtype=np.int64))
    codes, labels = encoded_labels(*columns)

    assert labels.values.tolist() == sorted({*one, *two})
    assert [labels.values[code].tolist() for code in codes] == [one, two]


def test_whole_numbers_written_as_decimals_are_the_same_states(tmp_path: Path) -> None:
    """A column with gaps is often written as 2.0 where the other says 2."""
    mdp = loaded(tmp_path / "t.csv", HEAD + "1,go,2.0,1,0\n2,go,1.0,1,0\n")

    assert mdp.states.texts == ["1", "2"]
    assert mdp.next_state.tolist() == [1, 0]


def test_a_whole_number_is_one_state_beside_words_too(tmp_path: Path) -> None:
    mdp = loaded(tmp_path / "t.csv", HEAD + "hall,go,2.0,1,0\n2,go,hall,1,0\n")

    assert sorted(mdp.states.texts) == ["2", "hall"]


def test_columns_are_found_by_the_names_that_the_user_gives(tmp_path: Path) -> None:
    request = ReadRequest(columns={"reward": "gain", "next_state": "after"})
    text = "state,action,after,p,gain,reward\na,go,b,1,5,7\n"
    mdp = loaded(tmp_path / "t.csv", text, request)

    assert mdp.reward.tolist() == [5]
    assert mdp.states.texts == ["a", "b"]


def test_lines_of_outcomes_are_a_table(tmp_path: Path) -> None:
    line = '{"state":"a","action":"go","next_state":"b","probability":1,"reward":2}\n'
    mdp = loaded(tmp_path / "t.jsonl", line)

    assert (mdp.states.texts, mdp.reward.tolist()) == (["a", "b"], [2])
    assert rlcalc.check(str(tmp_path / "t.jsonl")).facts["pairs"] == 1


def test_trajectories_are_no_table_of_transitions(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        loaded(tmp_path / "t.jsonl", '{"states": ["a"], "actions": ["x"], "rewards": [1]}\n')
    fault = error.value.faults[0]

    assert fault.what == "there are no transitions"
    assert "t.jsonl" in fault.where
    assert "rlcalc model" in fault.fix
    with pytest.raises(InputError, match="no column for the next_state"):
        loaded(tmp_path / "t.jsonl", '{"state": 1}\n{"state": 2}\n')


MORE = "state,action,next_state,probability,reward,pi,start_probability\n"


def test_the_policy_and_the_start_may_stand_in_every_row_of_a_pair(tmp_path: Path) -> None:
    rows = "a,x,b,.5,1,.25,.75\na,x,end,.5,0,.25,.75\na,y,end,1,0,.75,.75\nb,x,end,1,0,1,.25\n"
    mdp = loaded(tmp_path / "t.csv", MORE + rows)

    assert mdp.policy is not None
    assert mdp.start is not None
    assert mdp.policy.tolist() == [0.25, 0.75, 1]
    assert dict(zip(mdp.states.texts, mdp.start.tolist(), strict=True)) == {
        "a": 0.75, "b": 0.25, "end": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("a,x,end,1,0,.5,1", "the column pi of the actions of each state sums to 0.5, expected 1"),
        ("a,x,end,1,0,1,.5", "the column start_probability of all states sums to 0.5, expected 1"),
        ("a,x,end,1,0,1,-1", "the column start_probability of all states sums to -1, expected 1"),
    ],
)
def test_what_is_not_a_policy_or_a_start_is_refused(tmp_path: Path, row: str, what: str) -> None:
    with pytest.raises(InputError) as error:
        loaded(tmp_path / "t.csv", MORE + row + "\n")

    assert error.value.faults[0].what == what


def test_a_table_of_a_policy_is_read_in_any_order_and_never_twice(tmp_path: Path) -> None:
    path = tmp_path / "pi.parquet"
    frame = pl.DataFrame({"s": ["b", "a", "a"], "a": [0, 1, 0], "pi": [1.0, 0.75, 0.25]})
    frame.write_parquet(path)
    with opened(str(path), None) as file:
        given_by = read_policy(file)
    pl.concat([frame, frame[:1]]).write_parquet(path)
    with opened(str(path), None) as file, pytest.raises(InputError, match="comes twice"):
        read_policy(file)

    assert given_by == {"b": {"0": 1.0}, "a": {"1": 0.75, "0": 0.25}}


def test_without_a_column_of_actions_it_is_a_reward_process(tmp_path: Path) -> None:
    text = "state,next_state,probability,reward\na,a,0.5,1\na,b,0.5,1\n"
    mdp = loaded(tmp_path / "m.csv", text)

    assert mdp.actions.texts == ["step"]
    assert mdp.next_state.tolist() == [0, 1]
    assert "no column has actions" in mdp.notes[0]


def test_a_misspelt_column_of_actions_is_not_overlooked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column for the action") as caught:
        loaded(tmp_path / "m.csv", HEAD.replace("action", "actoin") + "a,x,a,1,1\n")

    assert "action=actoin" in caught.value.faults[0].fix

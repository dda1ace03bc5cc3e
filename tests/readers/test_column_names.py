"""Usual names of columns can all be found, each has one meaning, and the most usual one wins."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.column_names import COLUMN_NAMES, MODEL_COLUMN_NAMES, map_columns
from rlcalc.readers.read_request import ReadRequest

BOTH = {"steps": COLUMN_NAMES, "transitions": MODEL_COLUMN_NAMES}
MEANINGS = [(what, meaning) for what, known in BOTH.items() for meaning in known]


@pytest.mark.parametrize("what", BOTH)
def test_no_name_means_two_things(what: str) -> None:
    """One column would be read twice, as both."""
    times = Counter(name for names in BOTH[what].values() for name in names)

    assert [name for name, n in times.items() if n > 1] == []


def mapped(*names: str, order_by: str | None = None, **columns: str) -> dict[str, str]:
    return map_columns(list(names), ReadRequest(columns=columns, order_by=order_by), "t.csv")


def steps(**columns: object) -> pl.DataFrame:
    """Two steps with some columns of their own."""
    usual = {"episode": [0, 0], "state": ["a", "b"], "action": ["x", "y"], "reward": [1.0, 2.0]}
    return pl.DataFrame(usual | columns)


@pytest.mark.parametrize(("what", "meaning"), MEANINGS)
def test_every_usual_name_is_found_however_it_is_capitalised(what: str, meaning: str) -> None:
    """Names are compared in lower case: one that is listed with a capital is never found."""
    for name in BOTH[what][meaning]:
        for written in (name, name.upper()):
            found = map_columns([written, "other"], ReadRequest(), "here", BOTH[what], ())

            assert found == {meaning: written}


@given(st.sampled_from(MEANINGS), st.data())
def test_the_most_usual_of_several_names_wins_in_any_order(
    chosen: tuple[str, str], data: st.DataObject
) -> None:
    what, meaning = chosen
    usual = BOTH[what][meaning]
    names = data.draw(st.permutations(usual))
    kept = names[: data.draw(st.integers(1, len(names)))]
    found = map_columns(kept, ReadRequest(), "here", BOTH[what], ())

    assert found == {meaning: min(kept, key=usual.index)}


@pytest.mark.parametrize(("what", "meaning"), MEANINGS)
def test_what_something_is_called_here_is_its_most_usual_name(what: str, meaning: str) -> None:
    """So that a table that rlcalc wrote is read as it was meant; env alone is shorter."""
    first = BOTH[what][meaning][0]

    assert first == ("env" if meaning == "environment" else "t" if meaning == "time" else meaning)


def test_a_column_of_no_usual_name_is_asked_for_with_a_guess() -> None:
    with pytest.raises(InputError) as error:
        map_columns(["state", "action", "rewardd"], ReadRequest(), "walks.csv")
    fault = error.value.faults[0]

    assert fault.what == "no column for the reward"
    assert fault.where == "walks.csv"
    assert "--columns reward=rewardd" in fault.fix


def test_the_most_usual_name_wins_in_any_case_and_order() -> None:
    assert mapped("r", "A", "obs", "State", "rew") == {
        "state": "State",
        "action": "A",
        "reward": "r",
    }


def test_what_the_user_names_wins_over_usual_names_and_is_read_once() -> None:
    assert mapped("s", "state", "a", "r", "t", reward="s", order_by="r") == {
        "state": "state", "action": "a", "reward": "s", "time": "r",
    }  # fmt: skip
    assert "time" not in mapped("t", "s", "a", "r", state="t")


def test_a_sign_turns_costs_into_rewards() -> None:
    frame = steps(cost=[2.0, -3.0]).drop("reward")

    assert rlcalc.load(frame, columns={"reward": "-cost"}).whole().reward.tolist() == [-2, 3]


@pytest.mark.parametrize(
    ("names", "columns", "what", "fix"),
    [
        (["s", "a", "rewrd"], {}, "no column for the reward", "--columns reward=rewrd; there are"),
        (
            ["s", "a", "r"],
            {"rewrd": "r"},
            "names rewrd, which is not a column",
            "did you mean reward?",
        ),
        (["s", "a", "gain"], {"reward": "gian"}, "no column gian", "did you mean gain?"),
        (["s", "a", "gain"], {"state": "-gain"}, "no column -gain", "did you mean gain?"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_the_nearest(
    names: list[str], columns: dict[str, str], what: str, fix: str
) -> None:
    with pytest.raises(InputError, match=what) as caught:
        mapped(*names, **columns)

    assert fix in caught.value.faults[0].fix

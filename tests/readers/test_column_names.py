"""Usual names of columns can all be found, each has one meaning, and the most usual one wins."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers.column_names import COLUMN_NAMES, MODEL_COLUMN_NAMES
from rlcalc.readers.sources import ReadRequest
from rlcalc.readers.trajectories.step_table import map_columns

BOTH = {"steps": COLUMN_NAMES, "transitions": MODEL_COLUMN_NAMES}
MEANINGS = [(what, meaning) for what, known in BOTH.items() for meaning in known]


@pytest.mark.parametrize("what", BOTH)
def test_no_name_means_two_things(what: str) -> None:
    """One column would be read twice, as both."""
    times = Counter(name for names in BOTH[what].values() for name in names)

    assert [name for name, n in times.items() if n > 1] == []


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

"""JSON becomes values, and what is wrong with it is told with its line in the file."""

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers.json import line_of, parse, value_of

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(values, st.sampled_from([None, 1]))
def test_what_is_written_is_read_again(value: object, indent: int | None) -> None:
    assert parse(json.dumps(value, indent=indent), "a.json").value == value


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ('{"a": 1}}', "not JSON: Extra data", "line 1, column 9"),
        ('{\n"a": x}', "not JSON: Expecting value", "line 2, column 6"),
        ('{"a": [1,\n2', "the text ends in the middle of a value", "line 2, column 2"),
        ('["abc', "the text ends in the middle of a value", "line 1, column 2"),
    ],
)
def test_text_that_is_not_json_is_refused_at_its_place(text: str, what: str, place: str) -> None:
    """Counted from the beginning of the file, also where the text stands further down in it."""
    line, _, column = place.partition(", ")
    with pytest.raises(InputError) as error:
        value_of(text, "a.json")
    with pytest.raises(InputError) as later:
        value_of(text, "a.jsonl", first_line=10)

    assert error.value.faults[0].what == what
    assert error.value.faults[0].where == f"a.json, {place}"
    assert later.value.faults[0].where == f"a.jsonl, line {int(line[5:]) + 9}, {column}"
    assert error.value.faults[0].fix
    assert ("cut off" in error.value.faults[0].fix) == ("ends in the middle" in what)


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ('{"a": [{"b": 1, "c": 2,\n"b": 3}]}', "b", 2),
        ('{"a": "{\\"a\\": 1",\n"x": {"a": 1},\n"a" : 2}', "a", 3),
        ('{"\\u0061": 1, "a": 2}', "a", 1),
    ],
)
def test_a_key_that_stands_twice_is_refused_at_any_depth(text: str, key: str, line: int) -> None:
    """With the line of the second one, in a document and in a line of data."""
    for read, first in ((parse, 1), (partial(value_of, first_line=7), 7)):
        with pytest.raises(InputError) as error:
            read(text, "a.json")
        fault = error.value.faults[0]

        assert fault.what == f"key {key} comes twice"
        assert fault.where == f"a.json, line {line + first - 1}"


@pytest.mark.parametrize(
    ("text", "what"), [("[" * 100_000, "nested more than"), ("9" * 5000, "not JSON")]
)
def test_values_that_python_refuses_are_an_error_of_the_input(text: str, what: str) -> None:
    with pytest.raises(InputError, match=what) as error:
        value_of(text, "a.jsonl", first_line=7)

    assert error.value.faults[0].where == "a.jsonl, line 7"


def test_a_line_is_that_of_the_value_or_of_the_last_one_on_the_way() -> None:
    text = '{\n "a": {\n  "b": [\n   1,\n   2]}}'

    assert line_of(text, ("a", "b", 1)) == 5
    assert line_of(text, ("a", "missing", 1)) == 2
    assert line_of(text, ()) is None

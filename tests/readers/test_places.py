"""Places name the line and the path of a value, alike in YAML and in JSON."""

import io

import pytest

from rlcalc.errors import InputError
from rlcalc.readers.places import dotted, parsed
from rlcalc.readers.sources import File

TEXTS = {
    "yaml": "states:\n  3:\n    go: [{to: 3},\n      {to: 4}]\n",
    "json": '{"states":\n {"3":\n  {"go": [{"to": 3},\n   {"to": 4}]}}}',
}


def file_of(text: str, kind: str) -> File:
    stream = io.BufferedReader(io.BytesIO(text.encode()))
    return File(f"m.{kind}", kind, stream, None)


@pytest.mark.parametrize("kind", TEXTS)
def test_a_place_is_the_line_and_the_path_as_it_is_written(kind: str) -> None:
    """The state 3 is a key, not the fourth entry of a list; entries of lists count from 1."""
    value, where = parsed(file_of(TEXTS[kind], kind), keys=3)
    state = next(iter(value["states"]))

    assert value["states"][state]["go"][1] == {"to": 4}
    assert where(("states", state, "go", 1, "to")) == f"m.{kind}, line 4: states.3.go.2.to"
    assert where(("states", state)) == f"m.{kind}, line 2: states.3"
    assert where(("missing",)) == f"m.{kind}, missing"


@pytest.mark.parametrize("kind", TEXTS)
def test_a_document_that_is_cut_off_is_refused_with_its_name(kind: str) -> None:
    with pytest.raises(InputError) as error:
        parsed(file_of('{"a": [1, 2', kind))

    assert error.value.faults[0].where.startswith(f"m.{kind}, line ")


def test_only_so_many_steps_are_keys() -> None:
    assert dotted((0, "a", 0)) == "1.a.1"
    assert dotted((0, "a", 0), keys=1) == "0.a.1"
    assert dotted((), keys=1) == ""
    assert dotted(("a\nb",)) == "a\\nb"

"""The line, and the value in it, that has no type in common with those before."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.trajectories.type_conflicts import conflict, first_unfit, kind_of


@given(st.integers(1, 50), st.data())
def test_halving_finds_the_first_line_that_does_not_fit(n: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, n - 1))
    lines = [b"bad" if place >= bad else b"good" for place in range(n)]

    assert first_unfit(lines, lambda part: b"bad" not in part) == bad == lines.index(b"bad")


@pytest.mark.parametrize(
    ("before", "record", "expected"),
    [
        ({"a": 1}, {"a": [1, 2]}, "a is a list, [1, 2], and a number in line 1"),
        ({"a": {"b": "x"}}, {"a": {"b": {}}}, "a.b is a mapping, {}, and text in line 1"),
        ({"a": 1, "b": "x"}, {"a": "1", "b": [2]}, "b is a list, [2], and text in line 1"),
        ({"a": 1}, {"a": True}, "a is a flag, True, and a number in line 1"),
        ({"a": None}, {"a": [1], "b": {}}, None),
    ],
)
def test_the_value_of_another_kind_is_named(
    before: dict[str, Any], record: dict[str, Any], expected: str | None
) -> None:
    assert conflict([("line 1", before)], record) == expected


def test_every_value_of_json_has_a_kind() -> None:
    kinds = {kind_of(value) for value in (1, 0.5, True, "", [], {})}

    assert kinds == {"a number", "a flag", "text", "a list", "a mapping"}

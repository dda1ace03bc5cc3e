"""What is packed comes back, bit by bit, and runs no code."""

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.packing import PackingError, digest_of, packed, unpacked


@dataclass(frozen=True)
class Inner:
    values: Any
    name: str = "x"


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.tuples(inside, inside)
        | st.dictionaries(st.text(max_size=3), inside, max_size=4)
        | st.builds(Inner, inside)
    ),
    max_leaves=12,
)


@given(value=plain)
def test_plain_values_come_back(value: Any) -> None:
    skeleton, arrays = packed(value)
    again = unpacked(json.loads(json.dumps(skeleton)), arrays, [Inner])

    assert again == value
    assert repr(again) == repr(value)


def test_arrays_frames_counters_and_what_is_no_number_come_back() -> None:
    value = {
        "a": np.array([1.5, np.nan, -0.0]),
        "b": np.array([], np.int32),
        "c": Counter(x=2),
        "d": {3, 1},
        "e": (math.inf, np.float64(2.5), np.int64(7), np.True_),
        "f": pl.DataFrame({"g": ["x", None], "h": [[1, 2], []]}),
        "i": ["one", "zwei\0drei", "vier"],
    }
    skeleton, arrays = packed(value)
    again = unpacked(json.loads(json.dumps(skeleton)), arrays, [])

    assert np.array_equal(again["a"], value["a"], equal_nan=True)
    assert np.signbit(again["a"][2])
    assert again["b"].dtype == np.int32
    assert again["c"] == Counter(x=2)
    assert isinstance(again["c"], Counter)
    assert again["d"] == {1, 3}
    assert again["e"] == (math.inf, 2.5, 7, True)
    assert again["f"].equals(value["f"])
    assert again["i"] == value["i"]


def test_an_array_that_is_there_twice_is_packed_once_and_stays_one() -> None:
    array = np.arange(3)
    skeleton, arrays = packed([Inner(array), array, array.copy()])
    inner, one, other = unpacked(skeleton, arrays, [Inner])

    assert len(arrays) == 2
    assert inner.values is one
    assert one is not other


def test_only_classes_that_are_named_are_made() -> None:
    skeleton, arrays = packed(Inner(1))

    with pytest.raises(PackingError):
        unpacked(skeleton, arrays, [])


@pytest.mark.parametrize(
    "skeleton",
    [
        {"array": 5},
        {"class": "Inner", "fields": {"no": 1}},
        {"odd": 1},
        {"dict": 3},
        {},
        {"list": 1},
    ],
)
def test_what_was_not_packed_is_refused(skeleton: Any) -> None:
    with pytest.raises(PackingError):
        unpacked(skeleton, [], [Inner])


def test_what_cannot_be_packed_is_refused() -> None:
    with pytest.raises(PackingError, match="function"):
        packed([lambda: 1])


def test_a_digest_sees_every_bit() -> None:
    one = digest_of("a", "b", [np.array([0.0]), ["x"], b"y"])

    assert one == digest_of("a", "b", [np.array([0.0]), ["x"], b"y"])
    assert one != digest_of("a", "b", [np.array([-0.0]), ["x"], b"y"])
    assert one != digest_of("a", "c", [np.array([0.0]), ["x"], b"y"])

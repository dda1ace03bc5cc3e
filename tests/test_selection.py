"""Rows of an answer that fit, in an order: by hand, against Polars, and as identities."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc import Column, Result, UsageError
from rlcalc.conditions import Condition
from rlcalc.readers.row_filter import RowFilter, kept_rows
from rlcalc.selection import fitting_places, sorted_places

RESULT = Result(
    "estimate",
    "V",
    {
        "state": Column(["b", "10", "9", "a"], "key"),
        "v": Column(np.array([2.0, math.nan, 2.0, -1.0])),
        "n": Column(np.array([3, 1, 4, 1]), "count"),
    },
    {},
)
numbers = st.lists(st.one_of(st.integers(-9, 9).map(float), st.just(math.nan)), max_size=30)
cells = st.lists(st.sampled_from(["a", "10", "9", "", "true", None, 2, 2.5, True]), max_size=30)


def states(result: Result) -> list[object]:
    return result.plain()["state"]


def test_rows_are_sorted_by_numbers_then_words_and_missing_values_are_last() -> None:
    assert states(RESULT.sorted_by("state")) == ["9", "10", "a", "b"]
    assert states(RESULT.sorted_by("v")) == ["a", "b", "9", "10"]
    assert states(RESULT.sorted_by("v:desc")) == ["b", "9", "a", "10"]
    assert states(RESULT.sorted_by("n:desc", "state:desc")) == ["9", "b", "a", "10"]
    assert RESULT.sorted_by("n").columns["v"].role == "value"


def test_rows_that_fit_keep_their_order() -> None:
    assert states(RESULT.having("v >= 2")) == ["b", "9"]
    assert states(RESULT.having("state in a,b", "n = 1")) == ["a"]
    assert states(RESULT.having("v != 2")) == ["10", "a"]
    assert len(RESULT.having("n > 99")) == 0


def test_a_name_that_is_unknown_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no column stat") as error:
        RESULT.sorted_by("stat:desc")
    assert "did you mean state?" in str(error.value)

    with pytest.raises(UsageError, match="no column vv"):
        RESULT.having("vv > 1")
    with pytest.raises(UsageError, match="--having v is not a condition"):
        RESULT.having("v")


def test_a_column_whose_name_has_a_colon_is_a_column() -> None:
    result = Result("group", "", {"a:desc": Column([1, 2])}, {})

    assert result.sorted_by("a:desc").plain() == {"a:desc": [1, 2]}
    assert result.sorted_by("a:desc:desc").plain() == {"a:desc": [2, 1]}


@given(numbers, st.booleans())
def test_numbers_are_sorted_as_polars_sorts_them(values: list[float], down: bool) -> None:
    array = np.array(values)
    places = sorted_places({"v": array}, ["v:desc" if down else "v"])
    frame = pl.DataFrame({"v": values, "row": range(len(values))}, schema={"v": float, "row": int})
    expected = frame.fill_nan(None).sort("v", descending=down, nulls_last=True, maintain_order=True)

    assert places.tolist() == expected["row"].to_list()


@given(cells, st.booleans())
def test_sorting_is_a_permutation_that_a_second_sort_keeps(
    values: list[object], down: bool
) -> None:
    key = ["c:desc" if down else "c"]
    places = sorted_places({"c": values}, key)
    again = sorted_places({"c": [values[place] for place in places]}, key)

    assert sorted(places.tolist()) == list(range(len(values)))
    assert again.tolist() == list(range(len(values)))


@given(numbers, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in"]), st.integers(-9, 9))
def test_rows_fit_as_with_where(values: list[float], comparison: str, limit: int) -> None:
    """An array of numbers, cell by cell, and the filter of files: the same rows."""
    text = f"v {comparison} {limit}"
    condition = Condition.parse(text)
    places = fitting_places({"v": np.array(values)}, [condition]).tolist()
    missing = [None if math.isnan(value) else value for value in values]
    frame = pl.DataFrame({"v": missing}, schema={"v": float})

    assert places == fitting_places({"v": missing}, [condition]).tolist()
    assert places == kept_rows([RowFilter.parse(text)], frame).arg_true().to_list()


@given(cells, st.sampled_from(["c = 2", "c != a", "c in true,10", "c > 2", "c <= 9"]))
def test_a_condition_and_its_opposite_share_no_row(values: list[object], text: str) -> None:
    opposite = {"=": "!=", "!=": "=", ">": "<=", "<=": ">"}
    name, sign, value = text.split(" ")
    fits = set(fitting_places({"c": values}, [Condition.parse(text)]).tolist())
    if sign in opposite:
        other = Condition.parse(f"{name} {opposite[sign]} {value}")

        assert not fits & set(fitting_places({"c": values}, [other]).tolist())

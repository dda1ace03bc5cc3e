"""A condition keeps the same rows whether it looks at a column or at one cell after another."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError, UsageError
from rlcalc.readers.row_filter import RowFilter, keeps_record, kept_rows, require_columns

cells = st.sampled_from([0, 1, 2, 0.0, 1.5, -3, None])
words = st.sampled_from(["a", "b", "true", "True", "1", "1.0", "", " 2", None])
values = st.sampled_from(["0", "1", "1.0", "1.5", "a", "true", "TRUE", "'b'"])


@pytest.mark.parametrize(
    ("text", "cell", "stays"),
    [
        ("x = 0", 0.0, True),
        ("x == 0", "0.0", True),
        ("x=1", True, False),
        ("x = true", True, True),
        ("x = true", "True", True),
        ("x != true", None, True),
        ("x != 1", 1.0, False),
        ("x < 2", "1.5", True),
        ("x < 2", "two", False),
        ("x < 2", None, False),
        ("x >= 1e2", 100, True),
        ("x in a,b", "b", True),
        ("x in a, b", "b", True),
        ("x in 1,2", 2.0, True),
        ("x in a,b", None, False),
        ("x = 'a b'", "a b", True),
    ],
)
def test_cells_compare_as_labels_or_as_numbers(text: str, cell: Any, stays: bool) -> None:
    assert RowFilter.parse(text).keeps(cell) is stays


@given(
    st.lists(cells) | st.lists(words) | st.lists(st.booleans() | st.none()),
    st.sampled_from(["=", "!=", "in"]),
    st.lists(values, min_size=1, max_size=3),
)
def test_a_column_is_its_cells_for_labels(
    column: list[Any], comparison: str, given_: list[str]
) -> None:
    several = ",".join(given_) if comparison == "in" else given_[0]
    row_filter = RowFilter.parse(f"x {comparison} {several}")
    frame = pl.DataFrame({"x": column}, strict=False)

    assert kept_rows([row_filter], frame).to_list() == [row_filter.keeps(c) for c in column]


@given(
    st.lists(cells) | st.lists(st.sampled_from(["0", "1.5", "-3", "a", None])),
    st.sampled_from(["<", "<=", ">", ">="]),
    st.sampled_from(["0", "1", "1.5"]),
)
def test_a_column_is_its_cells_for_numbers(column: list[Any], comparison: str, limit: str) -> None:
    row_filter = RowFilter.parse(f"x {comparison} {limit}")
    kept = kept_rows([row_filter], pl.DataFrame({"x": column}, strict=False))

    assert kept.to_list() == [row_filter.keeps(cell) for cell in column]


@given(st.lists(st.integers(0, 9)), st.integers(0, 9))
def test_conditions_partition_the_rows(column: list[int], limit: int) -> None:
    frame = pl.DataFrame({"x": column}, schema={"x": pl.Int64})
    low, high = (
        kept_rows([RowFilter.parse(f"x {sign} {limit}")], frame).sum() for sign in ("<", ">=")
    )
    both = kept_rows([RowFilter.parse("x >= 2"), RowFilter.parse("x < 5")], frame)

    assert low + high == len(column)
    assert both.to_list() == [2 <= value < 5 for value in column]


def test_a_field_of_a_column_has_a_dot_in_its_name() -> None:
    record = {"score": {"acc": 1, "length": 7}, "a.b": 2}
    frame = pl.DataFrame([record])

    for text, stays in (("score.acc = 1", True), ("score.length > 9", False), ("a.b = 2", True)):
        assert keeps_record([RowFilter.parse(text)], record) is stays
        assert kept_rows([RowFilter.parse(text)], frame).to_list() == [stays]


@pytest.mark.parametrize("text", ["", "x", "= 1", "x =", "x ~ 1", "x < many", "x in "])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as error:
        RowFilter.parse(text)

    assert error.value.faults[0].fix


def test_an_unknown_column_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError) as error:
        require_columns([RowFilter.parse("maskd = 1")], ["state", "masked"], "t.csv")

    assert "did you mean masked" in error.value.faults[0].fix

"""Results: columns of one length, missing values, and cells as they are read."""

import math

import numpy as np
import pytest

from rlcalc.errors import ShapeError
from rlcalc.result import Column, Result

RESULT = Result(
    command="estimate",
    title="V",
    columns={
        "state": Column(["hall", "room"], "key"),
        "v": Column(np.array([1.5, math.nan]), "value", "V"),
        "v_se": Column(np.array([0.25, 1e-7]), "error"),
        "v_low": Column(np.array([1.0, 2.0]), "bound"),
        "n": Column(np.array([3, 4]), "count"),
    },
    facts={"gamma": 0.9999999, "seed": 12345, "steps": 12345, "k": None, "sizes": {"of 2": 3}},
)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ShapeError, match="different lengths"):
        Result("solve", "V", {"a": Column([1]), "b": Column([1, 2])}, {})


def test_a_misspelt_column_names_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean state"):
        RESULT["stat"]


def test_a_missing_value_is_none_and_null() -> None:
    assert RESULT.plain()["v"] == [1.5, None]
    assert list(RESULT.rows())[1]["n"] == 4
    assert RESULT.to_polars()["v"].to_list() == [1.5, None]
    assert RESULT.plain_facts()["k"] is None


def test_a_table_shows_the_error_beside_its_value_and_no_bounds() -> None:
    heads, rows = RESULT.display(range(2))

    assert heads == ["state", "V ± se", "n"]
    assert rows[0][:2] == ["hall", "1.50 ±  0.25"]
    assert RESULT.left() == [True, False, False]


@pytest.mark.parametrize("errors", [[None, None], np.array([np.nan, np.nan])])
def test_an_error_of_which_nothing_is_known_is_left_out_of_a_table(errors: object) -> None:
    columns = {"v": Column([1.0, 2.0], symbol="V"), "v_se": Column(errors, "error")}  # type: ignore[arg-type]
    heads, rows = Result("estimate", "V", columns, {}).display(range(2))

    assert heads == ["V"]
    assert rows == [["1"], ["2"]]


def test_a_fact_and_its_error_are_one() -> None:
    facts = {"start_value": 3.0, "start_value_se": 1.08012, "start_value_low": 1.0, "n": 2}
    words = dict(Result("estimate", "V", {}, facts).summary())

    assert words == {"start value": "3.0 ± 1.1", "n": "2"}
    alone = {"start_value": None, "start_value_se": 1.0}
    assert dict(Result("estimate", "V", {}, alone).summary()) == {"start value se": "1"}


def test_facts_that_repeat_an_option_have_no_commas() -> None:
    words = dict(RESULT.summary())

    assert words == {"gamma": "0.9999999", "seed": "12345", "steps": "12,345", "sizes": "3 of 2"}
    assert "2 rows × 5 columns" in repr(RESULT)
    assert "<td>hall</td>" in RESULT._repr_html_()

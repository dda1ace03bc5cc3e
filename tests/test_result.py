"""Results: columns of one length, missing values, and cells as they are read."""

import copy
import math
import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import rlcalc
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


def test_a_result_is_a_mapping_of_columns() -> None:
    result = rlcalc.estimate("two-states")

    assert list(result) == list(result.columns) == list(result.keys())
    assert "v" in result
    assert "w" not in result
    assert 0 not in result
    assert dict(result)["q"].tolist() == result["q"].tolist()
    assert list(dict(result)) == list(result)
    assert [name for name, _ in result.items()] == list(result)
    assert len(result.values()) == len(result.columns)
    assert result.get("w") is None
    assert result.get("q").tolist() == result["q"].tolist()


def test_a_result_is_a_frame_of_pandas_and_an_arrow_stream() -> None:
    result = rlcalc.estimate("two-states")
    frame = result.to_pandas()

    assert list(frame.columns) == list(result)
    assert frame["q"].tolist() == result["q"].tolist()
    assert pl.DataFrame(result).equals(result.to_polars())
    assert len(rlcalc.estimate("two-states").to_pandas()) == len(result)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_a_copy_has_the_same_charts(copied: Callable[[Result], Result]) -> None:
    result = rlcalc.solve("gridworld-4x4")
    other = copied(result)
    assert result.charts is not None
    assert other.charts is not None

    assert other.charts() == result.charts()
    assert other.plain() == result.plain()


def test_answers_come_first_with_their_errors_and_counts_come_last() -> None:
    facts = {
        "method": "mc", "steps": 6, "gamma": 1.0, "start_value": 3.0, "start_value_se": 0.5,
        "start_value_low": 2.0, "seed": 7, "objective": 0.25, "objective_estimated": 0.5,
        "objective_se": 0.125, "kl": 0.5, "kl_se": 0.25,
    }  # fmt: skip
    result = Result("estimate", "V", {}, facts)

    assert result.summary() == [
        ("start value", "3.00 ± 0.50"),
        ("objective estimated", "0.50 ± 0.12"),
        ("objective", "0.25"),
        ("kl", "0.50 ± 0.25"),
        ("method", "mc"),
        ("gamma", "1"),
        ("seed", "7"),
        ("steps", "6"),
    ]
    assert [name for name, _ in replace(result, facts_first=True).summary()][:2] == [
        "method",
        "steps",
    ]
    assert list(result.plain_facts()) == list(facts)

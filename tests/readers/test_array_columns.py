"""Columns of arrays: every type that numpy and Polars share, and what has none."""

import numpy as np
import polars as pl
import pytest

from rlcalc.readers.array_columns import column_of, is_plain, type_of, without_last_axis_of_one


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (np.array([1, 2], ">i2"), [1, 2]),
        (np.array([0.5, -1], np.float16), [0.5, -1.0]),
        (np.array([0.5], np.longdouble), [0.5]),
        (np.array([True, False]), [True, False]),
        (np.array(["ä", "b"]), ["ä", "b"]),
        (np.array(["ä".encode(), b"\xff"]), ["ä", "\ufffd"]),
        (np.array(["a", "b"], dtype=object), ["a", "b"]),
        (np.array([[1.5, 2], [3, 4]], ">f4"), [[1.5, 2.0], [3.0, 4.0]]),
        (np.array([[[1], [2]]], np.uint8), [[1, 2]]),
        (np.zeros((0, 2, 3)), []),
        (np.arange(6)[::2], [0, 2, 4]),
    ],
)
def test_values_are_those_of_the_array(array: np.ndarray, values: list[object]) -> None:
    assert column_of(array).to_list() == values


@pytest.mark.parametrize("kind", ["c8", "M8[s]", "O", "V4", "i4,f4"])
def test_types_that_no_column_has(kind: str) -> None:
    assert not is_plain(np.dtype(kind))


def test_the_type_of_a_column_is_known_without_its_rows() -> None:
    assert type_of(np.dtype(">f8"), ()) == pl.Float64
    assert type_of(np.dtype("i1"), (2, 3)) == pl.Array(pl.Int8, 6)


def test_an_axis_of_one_is_left_out_where_there_are_two() -> None:
    assert without_last_axis_of_one(np.zeros((3, 1))).shape == (3,)
    assert without_last_axis_of_one(np.zeros((3, 2))).shape == (3, 2)
    assert without_last_axis_of_one(np.zeros((3, 1, 1))).shape == (3, 1, 1)

"""Arrays: segments of one array, codes without gaps, and a stable sort by digits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.numerics.arrays import (
    appearance_order,
    compact_codes,
    cosine,
    differs_from_previous,
    gather_ranges,
    norm,
    segment_means,
    segment_sums,
    sorted_segments,
    stable_order,
    value_counts,
)


def test_the_first_value_differs_from_nothing() -> None:
    assert differs_from_previous(np.array([2, 2, 3, 2])).tolist() == [True, False, True, True]
    assert differs_from_previous(np.array([], np.int64)).tolist() == []


def test_segments_are_added_up_each() -> None:
    start = np.array([0, 1, 4])

    assert segment_sums(np.array([5.0, 1.0, 2.0, 3.0]), start).tolist() == [5.0, 6.0]
    assert segment_sums(np.array([5, 1, 2, 3]), start).tolist() == [5, 6]
    assert segment_sums(np.empty(0), np.array([0])).tolist() == []


@given(st.floats(-1e6, 1e6), st.integers(1, 50))
def test_the_mean_of_equal_values_is_that_value(value: float, size: int) -> None:
    values, start = np.full(size, value), np.array([0, size])

    assert segment_means(values, start).tolist() == [value]


def test_labels_are_numbered_as_they_appear() -> None:
    labels, number = appearance_order(np.array(["b", "a", "b", "c"]))

    assert labels.tolist() == ["b", "a", "c"]
    assert number.tolist() == [0, 1, 0, 2]


def test_rows_are_gathered_with_their_members() -> None:
    start, member = gather_ranges(np.array([0, 2, 2, 5]), np.array([2, 1, 0]))

    assert start.tolist() == [0, 3, 3, 5]
    assert member.tolist() == [2, 3, 4, 0, 1]


@pytest.mark.parametrize("n", [3, 1 << 16, 1 << 20, 1 << 40])
def test_stable_order_is_argsort(n: int) -> None:
    key = np.random.default_rng(0).integers(0, n, 3000)

    np.testing.assert_array_equal(stable_order(key, n), np.argsort(key, kind="stable"))


@given(st.lists(st.sampled_from([0, 1, 2, 65_535, 65_536, 131_073, 1 << 33]), max_size=30))
def test_sorting_by_digits_is_a_stable_sort(key: list[int]) -> None:
    keys = np.array(key, np.int64)

    assert stable_order(keys, 1 << 34).tolist() == np.argsort(keys, kind="stable").tolist()


@pytest.mark.parametrize("n", [3, 5000, 1 << 40])
def test_dense_numbers_are_those_of_unique(n: int) -> None:
    code = np.random.default_rng(0).integers(0, n, 700)
    number, key = compact_codes(code, n)
    expected_key, expected = np.unique(code, return_inverse=True)

    np.testing.assert_array_equal(number, expected)
    np.testing.assert_array_equal(key, expected_key)


def test_norm_and_cosine_by_hand() -> None:
    assert norm(np.array([3.0, 4.0])) == 5
    assert cosine(np.array([3.0, 4.0]), np.array([4.0, -3.0])) == 0
    assert cosine(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(0.5**0.5)
    assert np.isnan(cosine(np.zeros(2), np.ones(2)))


def test_different_numbers_are_counted_with_and_without_sorting() -> None:
    for factor in (1, 1000):
        different, counts = value_counts(factor * np.array([3, 1, 3, 3]))

        assert (different.tolist(), counts.tolist()) == ([factor, 3 * factor], [1, 3])


@given(st.lists(st.lists(st.floats(-2, 2), min_size=1, max_size=4), min_size=0, max_size=6))
def test_segments_are_sorted_each_by_itself(segments: list[list[float]]) -> None:
    start = np.cumsum([0, *map(len, segments)])
    values = np.array([value for segment in segments for value in segment])
    wanted = [value for segment in segments for value in sorted(segment)]

    assert sorted_segments(values, start).tolist() == wanted

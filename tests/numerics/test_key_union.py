"""The union of keys: every key once, and columns as Python's dictionaries would merge them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.numerics.key_union import KeyUnion

keys = st.lists(st.integers(-50, 50), unique=True).map(
    lambda several: np.array(sorted(several), np.int64)
)


def test_an_example_on_paper() -> None:
    union = KeyUnion.of(np.array([1, 3, 5]), np.array([2, 3]))

    assert union.key.tolist() == [1, 2, 3, 5]
    assert union.sums(np.array([10, 30, 50]), np.array([2, 3])).tolist() == [10, 2, 33, 50]
    assert union.least(np.array([10, 30, 50]), np.array([2, 3])).tolist() == [10, 2, 3, 50]


@given(one=keys, two=keys)
def test_columns_merge_as_dictionaries_do(one: np.ndarray, two: np.ndarray) -> None:
    union = KeyUnion.of(one, two)
    first, second = one * 2 + 1, two * 3 - 7
    a, b = dict(zip(one.tolist(), first.tolist())), dict(zip(two.tolist(), second.tolist()))  # noqa: B905
    every = sorted({*a, *b})

    assert union.key.tolist() == every
    assert union.sums(first, second).tolist() == [a.get(k, 0) + b.get(k, 0) for k in every]
    assert union.least(first, second).tolist() == [
        min(v for v in (a.get(k), b.get(k)) if v is not None) for k in every
    ]


@given(key=keys)
def test_equal_keys_need_no_places(key: np.ndarray) -> None:
    union = KeyUnion.of(key, key.copy())

    assert union.first is None
    assert union.sums(key, key).tolist() == (2 * key).tolist()

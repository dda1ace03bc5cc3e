"""Decayed sums: on paper, by direct summation, cut anywhere, and compiled."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.estimators import traces
from rlcalc.estimators.traces import decayed_sum, side_by_side

LENGTHS = st.lists(st.integers(1, 40), min_size=2, max_size=60)


def drawn(lengths: list[int], seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    start = np.concatenate([[0], np.cumsum(lengths)])
    n = start[-1]
    return rng.normal(size=n), rng.random(n), start, rng.normal(size=len(lengths))


def test_on_paper() -> None:
    """3, 2 + 0.5·3, 1 + 0.1·3.5; then 4 + 0.5·10 of the other trajectory."""
    sums = decayed_sum(
        np.array([1.0, 2.0, 3.0, 4.0]),
        np.array([0.1, 0.5, 0.9, 0.5]),
        np.array([0, 3, 4]),
        np.array([0.0, 10.0]),
    )

    np.testing.assert_allclose(sums, [1.35, 3.5, 3.0, 9.0], rtol=1e-15)


@given(LENGTHS, st.integers(0, 1000))
def test_a_sum_is_the_sum_of_products(lengths: list[int], seed: int) -> None:
    """X_t = Σ_k (Π_{i<k} d_{t+i}) x_{t+k}, the tail last."""
    values, decay, start, tail = drawn(lengths, seed)
    sums = decayed_sum(values, decay, start, tail)

    for e in range(len(lengths)):
        part = slice(start[e], start[e + 1])
        following = np.append(values[part], tail[e])
        weight = np.concatenate([[1.0], np.cumprod(decay[part])])
        np.testing.assert_allclose(sums[start[e]], following @ weight, atol=1e-12)


@given(LENGTHS, st.integers(0, 1000), st.integers(1, 10))
def test_cuts_and_compiling_keep_the_bits(lengths: list[int], seed: int, each: int) -> None:
    values, decay, start, tail = drawn(lengths, seed)
    whole = decayed_sum(values, decay, start, tail)
    parts = [
        decayed_sum(
            values[start[e] : start[min(e + each, len(lengths))]],
            decay[start[e] : start[min(e + each, len(lengths))]],
            start[e : e + each + 1] - start[e],
            tail[e : e + each],
        )
        for e in range(0, len(lengths), each)
    ]

    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(traces._backward.plain(values, decay, start, tail), whole)
    assert np.array_equal(traces._backward.compiled(values, decay, start, tail), whole)


def test_one_decay_is_a_decay_for_every_step() -> None:
    values, _, start, tail = drawn([1, 30, 2] * 20, 1)

    assert np.array_equal(
        side_by_side(values, 0.9, start, tail),
        side_by_side(values, np.full(len(values), 0.9), start, tail),
    )

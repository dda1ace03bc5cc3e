from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.numerics.spread import Spread

numbers = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=20)


def test_the_spread_of_three_values() -> None:
    spread = Spread.of(np.array([1.0, 2.0, np.nan, 6.0]))
    assert (spread.n, spread.mean, spread.least, spread.greatest) == (3, 3.0, 1.0, 6.0)
    assert spread.squares == 4 + 1 + 9
    assert spread.variance(1) == 7.0


def test_nothing_has_no_variance() -> None:
    assert np.isnan(Spread.of(np.array([np.nan])).variance())


@given(parts=st.lists(numbers, max_size=5))
def test_parts_merge_to_the_spread_of_all(parts: list[list[float]]) -> None:
    merged = Spread()
    for part in parts:
        merged = merged.merge(Spread.of(np.array(part, dtype=float)))
    values = np.array([value for part in parts for value in part], dtype=float)
    known = values[~np.isnan(values)]
    assert merged.n == len(known)
    if len(known):
        scale = np.abs(known).max() + 1
        assert merged.mean == pytest.approx(known.mean(), abs=1e-12 * scale)
        assert merged.variance() == pytest.approx(known.var(), abs=1e-12 * scale**2)
        assert (merged.least, merged.greatest) == (known.min(), known.max())


@given(values=numbers, by=st.floats(-10, 10), scale=st.floats(0.1, 10))
def test_a_moved_spread_is_that_of_moved_values(
    values: list[float], by: float, scale: float
) -> None:
    array = np.array(values, dtype=float)
    moved, direct = Spread.of(array).moved(by, scale), Spread.of((array - by) / scale)
    assert moved.n == direct.n
    if not moved.n:
        return
    assert moved.mean == pytest.approx(direct.mean, rel=1e-9, abs=1e-6)
    assert moved.squares == pytest.approx(direct.squares, rel=1e-9, abs=1e-3)
    assert (moved.least, moved.greatest) == pytest.approx((direct.least, direct.greatest))

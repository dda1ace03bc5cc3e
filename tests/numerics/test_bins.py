import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.numerics.bins import bins_of, round_width

numbers = st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=30)
whole_numbers = st.lists(st.integers(-300, 300), min_size=1, max_size=30)


@given(st.one_of(numbers, whole_numbers), st.integers(2, 40))
def test_every_number_is_in_its_bin(values: list[float], most: int) -> None:
    array = np.array(values, dtype=np.float64)
    bins = bins_of(array, most)
    rounding = 1e-8 * np.diff(bins.edge).max()

    assert (bins.edge[bins.place] <= array + rounding).all()
    assert (array < bins.edge[bins.place + 1] + rounding).all()
    assert len(bins.edge) - 1 <= most + 2
    assert bins.counts().sum() == len(values)


@given(whole_numbers)
def test_whole_numbers_have_borders_of_one_kind(values: list[int]) -> None:
    edge = bins_of(np.array(values)).edge
    width = float(edge[1] - edge[0])

    assert width >= 1
    assert width == 1 or (edge == np.round(edge)).all()


def test_rewards_that_are_borders_go_up() -> None:
    """0.3 is 3 · 0.1 only up to rounding."""
    bins = bins_of(np.array([0.0, 0.1, 0.2, 0.3, 1.0]), 12)

    assert bins.place.tolist() == [0, 1, 2, 3, 10]
    assert bins.counts(np.array([True, False, False, False, True])).tolist()[0] == 1


@pytest.mark.parametrize(("width", "rounded"), [(0.11, 0.2), (0.2, 0.5), (3, 5), (7, 10)])
def test_a_round_width_is_1_2_or_5(width: float, rounded: float) -> None:
    assert round_width(width) == pytest.approx(rounded)

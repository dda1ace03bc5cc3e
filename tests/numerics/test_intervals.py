import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.numerics.intervals import (
    Intervals,
    intervals_of_means,
    known_values,
    needs_of,
    share_interval,
    skew_interval,
    standard_errors_apart,
    student_t,
)
from rlcalc.numerics.moments import Moments


def moments(data: Sequence[float], size: Sequence[int] | None = None) -> Moments:
    total = np.array(data, dtype=np.float64)
    sizes = None if size is None else np.array(size, dtype=np.float64)
    return Moments.of(np.zeros(1, int), np.array([0, len(total)]), total, sizes)


def ends(found: Intervals) -> tuple[float, float]:
    return float(found.low[0]), float(found.high[0])


def test_symmetric_data_have_the_ordinary_interval() -> None:
    """Mean ± t(n−1) s/√n, as in every textbook."""
    data = np.array([1.0, 2.0, 4.0, 5.0])
    reach = scipy.stats.t.ppf(0.95, 3) * data.std(ddof=1) / 2

    assert ends(intervals_of_means(moments(data), 0.9)) == pytest.approx((3 - reach, 3 + reach))


@given(st.lists(st.integers(-50, 50), min_size=3, max_size=30), st.sampled_from([0.5, 0.95]))
def test_a_limit_is_that_of_student_or_undoes_halls_transformation(
    data: list[int], confidence: float
) -> None:
    """g(T) = T + a T²/3 + a² T³/27 + a/6 of the t statistic T at Hall's limit is the quantile."""
    here = moments(data)
    low, high = ends(intervals_of_means(here, confidence))
    if np.isnan(low) or not np.isnan(known_values(here)[0][0]):
        return
    a = float(scipy.stats.skew(data, bias=False)) / len(data) ** 0.5
    quantile = scipy.stats.t.ppf(0.5 + confidence / 2, len(data) - 1)
    error = np.std(data, ddof=1) / len(data) ** 0.5
    for limit, sign in ((low, 1), (high, -1)):
        t = (np.mean(data) - limit) / error
        hall = t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6
        student, transformed = sign * t - quantile, sign * hall - quantile

        assert min(abs(student), abs(transformed)) < 1e-6
        assert student > -1e-6
        assert transformed > -1e-6


@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=20),
    st.integers(-100, 100),
    st.sampled_from([-3.0, 0.5, 2.0]),
)
def test_intervals_move_stretch_and_mirror_with_the_data(
    data: list[int], shift: int, scale: float
) -> None:
    low, high = ends(intervals_of_means(moments(data), 0.9))
    there = ends(intervals_of_means(moments([shift + scale * x for x in data]), 0.9))

    mapped = sorted((shift + scale * low, shift + scale * high))
    assert there == pytest.approx(tuple(mapped), rel=1e-6, abs=1e-6, nan_ok=True)


def test_one_large_cluster_widens_the_interval() -> None:
    """Ten visits of one trajectory and one each of two others are hardly three trajectories."""
    even, odd = moments([10, 0, 2], [1, 1, 1]), moments([10, 0, 2], [10, 1, 1])
    one, two = np.ones(1), np.array([2.0])
    centre, none = np.zeros(1), np.zeros(1)
    widths = [
        np.subtract(*ends(skew_interval(0.95, here, centre, one, two, none)))
        for here in (odd, even)
    ]

    assert widths[0] < widths[1] < 0


def test_what_an_interval_needs() -> None:
    cases: dict[str, Sequence[float]] = {
        "v: a second trajectory": [3],
        "v: values that differ": [3, 3, 3],
        "v: 15 trajectories": [1, 2, 3],
        "v: more trajectories (skew)": [*range(20), 200],
        "": range(20),
    }
    for need, data in cases.items():
        needs = intervals_of_means(moments(data), 0.95).needs

        assert needs_of({"v": needs}) == [need or None]
    both = {"q": np.array([3]), "v": np.array([3]), "a": np.array([2])}

    assert needs_of(both) == ["q v: 15 trajectories; a: values that differ"]


def test_two_values_are_known_from_moments_alone() -> None:
    """Of ten numbers two values may be chance, of 20 not; 0 and 1 are rewards right and wrong."""
    for data, known in (
        ([0, 1], True),
        ([0, 2] * 5, False),
        ([0, 2] * 10, True),
        ([0, 2, 1] * 10, False),
        ([5] * 30, False),
    ):
        low, high = known_values(moments(data))

        assert (low[0] < high[0]) == known


@pytest.mark.parametrize("n", [1, 2, 5, 30, 1000, 10**6])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.9999])
def test_a_share_has_the_interval_of_clopper_and_pearson(n: int, confidence: float) -> None:
    """As by scipy's beta quantile; Wilson's limits far from both ends."""
    x = np.unique(np.rint(np.linspace(0, n, 50)))
    low, high = share_interval(x, np.full(len(x), float(n)), confidence)
    tail = (1 - confidence) / 2
    expected_low = np.where(x > 0, scipy.stats.beta.ppf(tail, np.maximum(x, 1e-9), n - x + 1), 0)
    expected_high = np.where(x < n, scipy.stats.beta.isf(tail, x + 1, np.maximum(n - x, 1e-9)), 1)
    exact = np.minimum(x, n - x) < 1000

    np.testing.assert_allclose(low[exact], expected_low[exact], rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(high[exact], expected_high[exact], rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(low, expected_low, rtol=1e-3, atol=1e-14)


@given(st.integers(1, 12), st.data())
def test_a_share_is_never_covered_less_than_it_says(n: int, data: st.DataObject) -> None:
    """Every number of successes, with its chance as a fraction."""
    p = data.draw(st.fractions(0, 1, max_denominator=50))
    x = np.arange(n + 1.0)
    low, high = share_interval(x, np.full(n + 1, float(n)), 0.9)
    chance = sum(
        math.comb(n, k) * p**k * (1 - p) ** (n - k)
        for k in range(n + 1)
        if low[k] <= p + 1e-12 and p - 1e-12 <= high[k]
    )

    assert chance >= 0.9


@pytest.mark.parametrize("confidence", [0.01, 0.5, 0.9, 0.95, 0.99, 0.9999])
def test_student_t_is_scipys(confidence: float) -> None:
    degrees = np.array([*range(1, 300), 1000, 10**6])

    np.testing.assert_allclose(
        student_t(confidence, degrees),
        scipy.stats.t.ppf(0.5 + confidence / 2, degrees),
        rtol=2e-9,
    )


def test_no_degree_of_freedom_has_no_interval() -> None:
    assert np.isnan(student_t(0.95, np.array([0]))).all()


def test_the_distance_is_in_standard_errors_unless_it_is_rounding() -> None:
    assert standard_errors_apart(1.5, 0.25, 1.0) == 2
    assert standard_errors_apart(1.0 + 1e-12, 0.0, 1.0) == 0
    assert standard_errors_apart(2.0, 0.0, 1.0) is None
    assert standard_errors_apart(1.0, np.nan, 1.0) is None
    assert standard_errors_apart(1.0, 0.5, None) is None

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.numerics.merge import merged
from rlcalc.numerics.moments import CoMoments, Moments, clustered_moments
from rlcalc.rollouts import Rollouts

values = st.floats(-1e3, 1e3, allow_nan=False)
clusters = st.lists(
    st.tuples(st.integers(0, 3), st.lists(values, min_size=1, max_size=4)), min_size=1, max_size=20
)


def moments(data: list[tuple[int, list[float]]]) -> Moments:
    data = sorted(data, key=lambda cluster: cluster[0])
    keys, counts = np.unique([key for key, _ in data], return_counts=True)
    total, size = np.array([sum(xs) for _, xs in data]), np.array([len(xs) for _, xs in data])
    return Moments.of(keys, np.concatenate([[0], np.cumsum(counts)]), total, size)


@given(clusters, clusters)
def test_merging_is_as_good_as_having_all_at_once(
    one: list[tuple[int, list[float]]], two: list[tuple[int, list[float]]]
) -> None:
    merged, whole = moments(one).merge(moments(two)), moments(one + two)

    np.testing.assert_array_equal(merged.key, whole.key)
    np.testing.assert_array_equal(merged.count, whole.count)
    np.testing.assert_array_equal(merged.clusters, whole.clusters)
    np.testing.assert_allclose(merged.mean, whole.mean, atol=1e-9)
    np.testing.assert_allclose(merged.squares, whole.squares, rtol=1e-9, atol=1e-3)
    np.testing.assert_allclose(merged.lean, whole.lean, atol=1e-6)


@given(clusters, values)
def test_sums_around_another_number_come_back(
    data: list[tuple[int, list[float]]], shift: float
) -> None:
    there = moments(data)
    back = there.around(there.mean + shift).around(there.mean)

    np.testing.assert_allclose(back.squares, there.squares, rtol=1e-9, atol=1e-2)
    np.testing.assert_allclose(back.lean, there.lean, atol=1e-6)


@given(st.lists(values, min_size=2, max_size=30))
def test_one_visit_a_cluster_is_the_ordinary_error(data: list[float]) -> None:
    """s/√n."""
    error = moments([(0, [x]) for x in data]).standard_error()

    np.testing.assert_allclose(
        error, [np.std(data, ddof=1) / np.sqrt(len(data))], rtol=1e-9, atol=1e-5
    )


def test_clusters_of_equal_visits_count_as_one_each() -> None:
    """Repeating every visit four times adds no knowledge, so it must not shrink the error."""
    once = moments([(0, [x]) for x in (1.0, 2.0, 4.0)]).standard_error()
    often = moments([(0, [x] * 4) for x in (1.0, 2.0, 4.0)]).standard_error()

    np.testing.assert_allclose(often, once)


@given(st.lists(st.tuples(values, values), min_size=2, max_size=30), st.integers(1, 29))
def test_co_moments_merge(data: list[tuple[float, float]], cut: int) -> None:
    def of(part: list[tuple[float, float]]) -> CoMoments:
        x, y = np.array(part).T
        return CoMoments.of(np.zeros(1, int), np.array([0, len(part)]), (x, None), (y, None))

    x, y = np.array(data).T
    merged = of(data) if cut >= len(data) else of(data[:cut]).merge(of(data[cut:]))

    direct = ((x - x.mean()) * (y - y.mean())).sum()
    np.testing.assert_allclose(merged.products, [direct], rtol=1e-9, atol=1e-3)


def test_parts_merge_in_their_order() -> None:
    parts = [
        Moments.of(np.array([key]), np.array([0, 2]), np.array([1.0, 3.0])) for key in (4, 2, 4)
    ]
    total = merged(iter(parts))

    assert total is not None
    assert total.key.tolist() == [2, 4]
    assert total.count.tolist() == [2, 4]
    assert total.mean.tolist() == [2.0, 2.0]
    assert merged(parts[:1]) is parts[0]
    assert merged(parts[:0]) is None


@given(st.lists(st.permutations([0.1, 1.1, 0.7, -0.3]), min_size=2, max_size=9))
def test_equal_means_have_no_error_of_rounding(orders: list[list[float]]) -> None:
    """Sums in another order differ in the last bits; a real spread of 1e-12 stays."""
    summed = [(0, [sum(order) / 4]) for order in orders]
    apart = [(0, [0.4 + 1e-12 * (n % 2)]) for n in range(len(orders))]

    assert moments(summed).standard_error()[0] == 0
    assert moments(apart).standard_error()[0] > 1e-13


def test_equal_groups_have_no_error_of_rounding() -> None:
    """0.1 + 1.1 around 0.1 and around 1.1 differ in the last bit (4.5e-17)."""
    rollouts = Rollouts.from_arrays(list("aabbcc"), [0.1, 1.1, 0.1, 1.1, 1.1, 0.1])

    assert rlcalc.group(rollouts, rows="summary").facts["reward_se"] == 0


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=4), min_size=2, max_size=8
    )
)
def test_the_error_of_the_mean_is_clustered_by_prompt(groups: list[list[float]]) -> None:
    total = np.array([sum(group) for group in groups])
    count = np.array([float(len(group)) for group in groups])
    n, mean = len(groups), total.sum() / count.sum()
    left = total - mean * count
    clustered = clustered_moments(total, count, np.arange(n))
    (error,) = clustered.standard_error()

    assert clustered.mean.tolist() == pytest.approx([mean])
    assert error == pytest.approx(np.sqrt(n / (n - 1) * (left**2).sum()) / count.sum())


@given(values=st.lists(st.floats(-100, 100), min_size=2, max_size=30), cut=st.integers(1, 29))
def test_co_moments_of_the_same_clusters_stay_those_of_one(values: list[float], cut: int) -> None:
    """Whether first visits to a pair are those to its state does not depend on any cut."""
    total, key = np.array(values), np.zeros(1, np.int64)
    cut = min(cut, len(values) - 1)

    def of(part: np.ndarray) -> CoMoments:
        return CoMoments.of(key, np.array([0, len(part)]), (part, None), (part, None))

    both = of(total[:cut]).merge(of(total[cut:]))
    assert (both.x_mean == both.y_mean).all()
    assert (both.x_squares == both.products).all()

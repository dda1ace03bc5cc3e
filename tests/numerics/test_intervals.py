import numpy as np
import pytest
import scipy.stats

from rlcalc.numerics.intervals import half_width, standard_errors_apart, student_t
from rlcalc.numerics.moments import Moments


def test_equal_clusters_have_the_ordinary_interval() -> None:
    """t(n−1) s/√n, as in every textbook."""
    data = np.array([1.0, 2.0, 4.0, 8.0])
    moments = Moments.of(np.zeros(1, int), np.array([0, 4]), data)
    reach = half_width(0.9, moments.standard_error(), moments, np.array([3.0]))

    np.testing.assert_allclose(reach, scipy.stats.t.ppf(0.95, 3) * data.std(ddof=1) / 2)


def test_one_large_cluster_widens_the_interval() -> None:
    """Ten visits of one trajectory and one each of two others are hardly three trajectories."""
    key, edge, total = np.zeros(1, int), np.array([0, 3]), np.array([10.0, 0.0, 2.0])
    even = Moments.of(key, edge, total, np.array([1, 1, 1]))
    odd = Moments.of(key, edge, total, np.array([10, 1, 1]))
    two, one = np.array([2.0]), np.array([1.0])

    assert half_width(0.95, one, odd, two) > half_width(0.95, one, even, two)


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

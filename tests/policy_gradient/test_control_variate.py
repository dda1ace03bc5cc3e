"""Moments of x − b h: by numpy, and merged from any pieces."""

import numpy as np
import pytest

from rlcalc.policy_gradient.control_variate import ControlVariate


def test_a_baseline_that_fits_everything_leaves_no_variance() -> None:
    """One episode of three meets each key: rounding would look like certainty, with z of 1e9."""
    rng = np.random.default_rng(1)
    one = ControlVariate.of(3, 200, np.arange(200), rng.normal(size=200), rng.normal(size=200))
    mean, variance = one.less(one.optimal)

    assert mean == pytest.approx(np.zeros(200), abs=1e-12)
    assert variance.tolist() == [0.0] * 200


def test_mean_and_variance_are_those_of_numpy_whatever_the_pieces() -> None:
    """Absent keys count as x = h = 0; the optimal b has the least variance of those beside it."""
    rng = np.random.default_rng(2)
    x, h = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)) + 1
    x[4:, 1] = h[4:, 1] = 0  # the last two episodes lack key 1

    def part(first: int, last: int) -> ControlVariate:
        key = np.array([k for e in range(first, last) for k in range(2 if e < 4 else 1)])
        episode = np.array([e for e in range(first, last) for _ in range(2 if e < 4 else 1)])
        return ControlVariate.of(last - first, 2, key, x[episode, key], h[episode, key])

    for moments in (part(0, 6), part(0, 2).merge(part(2, 6)), part(0, 5).merge(part(5, 6))):
        b = moments.optimal
        mean, variance = moments.less(b)

        assert mean == pytest.approx((x - b * h).mean(axis=0))
        assert variance == pytest.approx((x - b * h).var(axis=0, ddof=1))
        for other in (b - 0.1, b + 0.1):
            assert (moments.less(other)[1] > variance).all()


def test_moments_add_up() -> None:
    rng = np.random.default_rng(1)
    x, h, key = rng.normal(size=60), rng.normal(size=60), np.tile([0, 2, 3], 20)
    parts = [
        ControlVariate.of(n, 4, key[piece], x[piece], h[piece])
        for n, piece in ((9, slice(0, 27)), (14, slice(27, 60)))
    ]
    merged, whole = parts[0].merge(parts[1]), ControlVariate.of(23, 4, key, x, h)

    for one, other in zip(merged.less(0.3), whole.less(0.3), strict=True):
        assert one == pytest.approx(other, abs=1e-12)
    assert merged.optimal == pytest.approx(whole.optimal, abs=1e-12)

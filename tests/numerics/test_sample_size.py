"""Sizes of samples: the definition, textbook numbers, and as often right as the limits say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlcalc.errors import UsageError
from rlcalc.numerics.sample_size import require_half_width, sample_size


def test_on_paper() -> None:
    """s = 10 of 25 data, ± 2 at 95 %: (1.96 · 5)² = 96.04, and 99 with t (Cochran, section 4.6)."""
    size = sample_size(np.array([2.0]), np.array([25]), 2.0, 0.95)

    assert size.size.tolist() == [99.0]
    assert (
        stats.t.ppf(0.975, 98) * 10 / math.sqrt(99)
        <= 2
        < stats.t.ppf(0.975, 97) * 10 / math.sqrt(98)
    )


@given(st.floats(1e-6, 1e6), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_it_is_the_smallest_that_is_enough(ratio: float, confidence: float) -> None:
    m = sample_size(np.array([ratio / 2]), np.array([4]), 1.0, confidence).size[0]

    def half_width(m: float) -> float:
        return float(stats.t.ppf((1 + confidence) / 2, m - 1) * ratio / math.sqrt(m))

    slack = 1 + 1e-6  # above the table the quantile is an expansion
    assert m >= 2
    assert half_width(m) <= slack
    assert m == 2 or half_width(m - 1) * slack > 1 - 2 / m


def test_the_limits_hold_as_often_as_they_say() -> None:
    """The size for the true σ lies within them in 95 % of 4,000 samples of 12 normal numbers."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(4000, 12))
    error = samples.std(axis=1, ddof=1) / math.sqrt(12)
    found = sample_size(error, np.full(4000, 12), 0.05, 0.95)
    true = sample_size(np.array([1 / math.sqrt(12)]), np.array([12]), 0.05, 0.95).size[0]
    inside = np.mean((found.low <= true) & (true <= found.high))

    assert abs(inside - 0.95) < 0.014


def test_what_is_not_known() -> None:
    size = sample_size(np.array([np.nan, 1.0, 0.0]), np.array([5, 1, 9]), 1.0, 0.95)

    assert np.isnan(size.size[:2]).all()
    assert size.size[2] == 2
    for wrong in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match="no half width"):
            require_half_width(wrong)

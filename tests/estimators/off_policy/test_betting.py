"""Bounds by betting: they hold whatever the distribution is, and shrink."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc import Trajectories
from rlcalc.estimators.off_policy.betting import lower_limit, value_bounds


def plainly(values: list[float], tail: float, m: float, scale: float) -> float:
    """The largest log wealth against m, one bet after the other."""
    total, squares, wealth, most = scale / 2, scale**2 / 4, 0.0, 0.0
    variance = scale**2 / 4
    for t, x in enumerate(values, 1):
        bet = math.sqrt(2 * math.log(1 / tail) / (variance * t * math.log1p(t)))
        wealth += math.log1p(min(bet, 0.5 / m) * (x - m))
        most = max(most, wealth)
        total += x
        squares += (x - total / (t + 1)) ** 2
        variance = squares / (t + 1)
    return most


@given(st.lists(st.floats(0, 50), min_size=1, max_size=40), st.floats(0.01, 0.3))
def test_the_limit_is_where_the_wealth_reaches_its_target(values: list[float], tail: float) -> None:
    limit = lower_limit(np.array(values), tail, 2.0)
    target = math.log(1 / tail)

    assert 0 <= limit <= max(values)
    assert plainly(values, tail, limit + 1e-6, 2.0) < target + 1e-9
    if limit > 1e-6:
        assert plainly(values, tail, limit - 1e-7, 2.0) >= target - 1e-6


def test_a_heavy_tail_is_covered() -> None:
    """A weight of 100 once in 200: t intervals of 50 episodes miss nearly always."""
    rng = np.random.default_rng(2)
    missed = shown = 0
    for _ in range(1000):
        weight = np.where(rng.random(50) < 0.005, 100.5, 0.5 * 100 / 99.5)
        gain = (rng.random(50) < 0.3).astype(np.float64)
        low, high = value_bounds(weight, gain, (0.0, 1.0), 0.95)
        missed += not low <= 0.3 <= high
        shown += low > 0
    assert missed <= 50
    assert shown > 500


def test_bounds_shrink_with_the_number_of_episodes() -> None:
    rng = np.random.default_rng(4)
    gain = (rng.random(4000) < 0.5).astype(np.float64)
    few = value_bounds(np.ones(100), gain[:100], (0.0, 1.0), 0.95)
    many = value_bounds(np.ones(4000), gain, (0.0, 1.0), 0.95)

    assert many[1] - many[0] < (few[1] - few[0]) / 3
    assert many[1] - many[0] < 0.08
    assert many[0] < gain.mean() < many[1]


def test_the_limits_of_is_do_not_lean_on_a_gate() -> None:
    batch = Trajectories.from_arrays(
        ["s"] * 60, ["a", "b", "b"] * 20, [1.0, 0.0, 1.0] * 20, length=[1] * 60,
        behaviour_prob=[1 / 3, 2 / 3, 2 / 3] * 20,
    )  # fmt: skip
    target = {"s": {"a": 0.9, "b": 0.1}}
    result = rlcalc.evaluate(batch, policy=target, method="is,dr", bound="0:1")

    assert result["low"][0] < 0.9 * 1 + 0.1 * 0.5 < result["high"][0] <= 1
    assert result["needs"][0] == "right probabilities alone"
    with pytest.raises(rlcalc.InputError, match="outside of --bound"):
        rlcalc.evaluate(batch, policy=target, method="is", bound=(0.0, 0.5))

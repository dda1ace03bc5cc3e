"""float32: what a trainer computes in it lies within the allowed difference."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.float32 import float32_error, float32_error_if_equal
from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts


@pytest.mark.parametrize("offset", [0.0, 10.0, 1000.0])
def test_grpo_in_float32_is_within_what_is_allowed(offset: float) -> None:
    rng = np.random.default_rng(0)
    reward = (offset + rng.random(160)).astype(np.float32)
    rollouts = Rollouts.from_arrays(np.repeat(np.arange(20), 8), reward.astype(np.float64))
    how = Convention()
    groups = reward.reshape(20, 8)
    mean, deviation = groups.mean(axis=1, keepdims=True), groups.std(axis=1, ddof=1, keepdims=True)
    single = ((groups - mean) / (deviation + np.float32(1e-6))).reshape(-1)
    exact = advantages(rollouts, how)
    difference, limit = np.abs(single - exact), float32_error(rollouts, how, exact)

    assert (difference <= limit).all()
    assert limit.max() < 0.01 * np.abs(exact).max()


def test_the_limit_for_equal_rewards_is_relative_and_at_most_a_16th() -> None:
    groups = Groups(Rollouts.from_arrays([0, 0, 1, 1], [1.0, 1.0, 1e9, 1e9]))
    limit = float32_error_if_equal(groups, 1.0, Convention("dr-grpo"))

    assert limit.tolist() == [2.0**-18, 2.0**-18, 1 / 16, 1 / 16]


SINGLE = np.float32


def in_float32(reward: Floats, how: str) -> Floats:
    """[K, G] advantages as a trainer computes them, each operation in float32."""
    r = reward.astype(SINGLE)
    size = r.shape[1]
    left = r - (r.sum(axis=1, keepdims=True) / SINGLE(size))
    if how == "rloo":
        return left * SINGLE(size / (size - 1))
    if how == "dr-grpo":
        return left
    square = (left * left).sum(axis=1, keepdims=True) / SINGLE(size - 1)
    return left / (np.sqrt(square) + SINGLE(1e-6))


@given(
    st.integers(0, 2**32),
    st.sampled_from([2, 3, 8, 16, 64]),
    st.sampled_from([0.0, 1.0, 30.0, 1000.0]),
    st.sampled_from(["grpo", "dr-grpo", "rloo"]),
)
def test_what_float32_loses_is_allowed(seed: int, size: int, offset: float, name: str) -> None:
    """Whatever is added to the rewards, up to where float32 holds a few bits of their spread."""
    reward = offset + np.random.default_rng(seed).random((10, size))
    lost = 2.0**-24 * (size + 2) * np.abs(reward).max(axis=1)
    assume((np.ptp(reward, axis=1) > 16 * lost).all())  # it holds to first order
    rollouts = Rollouts.from_arrays(np.repeat(np.arange(10), size), reward.ravel())
    exact = advantages(rollouts, Convention(name))
    error = float32_error(rollouts, Convention(name), exact)

    assert (np.abs(in_float32(reward, name).ravel() - exact) <= error).all()


@st.composite
def some_groups(draw: st.DrawFn) -> Rollouts:
    """Groups of one and more, with rewards of any size."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    n = sum(sizes)
    rewards = draw(st.lists(st.floats(-1e9, 1e9), min_size=n, max_size=n))
    return Rollouts.from_arrays(np.repeat(np.arange(len(sizes)), sizes), rewards)


@given(
    some_groups(),
    st.sampled_from(["grpo", "dr-grpo", "rloo", "rloo-scaled", "opo", "gpg"]),
    st.sampled_from([1e-4, 1e-6, 1e-9]),
)
def test_a_group_of_one_is_allowed_nothing_and_no_group_its_own_advantages(
    rollouts: Rollouts, name: str, epsilon: float
) -> None:
    """r − r is exact, whatever ε; a difference of the size of max r − min r never fits."""
    how = Convention(name, epsilon)
    rollouts = replace(rollouts, length=np.ones(len(rollouts)))
    scored, exact = rollouts.scored, advantages(rollouts, how)
    error = float32_error(rollouts, how, exact)
    largest = np.maximum.reduceat(np.abs(exact), scored.start[:-1])

    assert (error[scored.single] == 0).all()
    assert (error <= 2.5 * scored.each(largest)).all()

"""float32: what a trainer computes in it lies within the allowed difference."""

import numpy as np
import pytest

from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.float32 import float32_error, float32_error_if_equal
from rlcalc.groups.groups import Groups
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

"""Normalisation: centred, divided and whitened by hand."""

from math import sqrt

import numpy as np
import pytest

from rlcalc.groups.advantages.convention import Convention, Floor, Single, Whiten
from rlcalc.groups.advantages.normalise import centred, divisor, quotient, whitened
from rlcalc.rollouts import Rollouts

ROLLOUTS = Rollouts.from_arrays([0, 0, 1], [1.0, 3.0, 5.0], length=[3.0, 1.0, 4.0])


@pytest.mark.parametrize(("single", "last"), [("zero", 0.0), ("raw", 5.0), ("none", np.nan)])
def test_a_group_of_one_gets_what_the_convention_says(single: Single, last: float) -> None:
    left = centred(ROLLOUTS.scored, Convention(single=single))

    np.testing.assert_array_equal(left, [-1.0, 1.0, last])


def test_the_divisor_is_of_the_group_or_of_the_batch() -> None:
    of_group = divisor(ROLLOUTS.scored, Convention(epsilon=0.5, single="raw"))
    of_batch = divisor(ROLLOUTS.scored, Convention(epsilon=0.5, scale="batch"))

    np.testing.assert_allclose(of_group, [sqrt(2) + 0.5, sqrt(2) + 0.5, 1.5])
    np.testing.assert_allclose(of_batch, [2.5] * 3)  # 1, 3, 5: variance 8/2


@pytest.mark.parametrize(
    ("floor", "deviation"), [("add", 2 + 9.0), ("root", sqrt(4 + 9)), ("max", 3.0)]
)
def test_epsilon_is_added_or_is_the_least_variance(floor: Floor, deviation: float) -> None:
    values = whitened(ROLLOUTS.scored, ROLLOUTS.reward, Whiten(epsilon=9.0, floor=floor))

    np.testing.assert_allclose(values, np.array([-2.0, 0.0, 2.0]) / deviation)


def test_over_tokens_is_over_each_rollout_as_often_as_it_is_long() -> None:
    how = Whiten("tokens", ddof=0, epsilon=0.0)
    tokens = np.repeat(ROLLOUTS.reward, [3, 1, 4])

    np.testing.assert_allclose(
        whitened(ROLLOUTS.scored, ROLLOUTS.reward, how),
        (ROLLOUTS.reward - tokens.mean()) / tokens.std(),
    )


def test_nothing_divided_by_nothing_is_nothing() -> None:
    assert quotient(np.array([0.0, 3.0]), np.array([0.0, 2.0])).tolist() == [0.0, 1.5]

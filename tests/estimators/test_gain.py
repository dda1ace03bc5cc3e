from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError, UsageError
from rlcalc.estimators.gain import discounted_sum, k_step_sum
from tests import reference
from tests.strategies import batches, gammas


def test_three_steps_on_paper() -> None:
    gain = rlcalc.gain("three-steps", gamma=0.5)["gain"]

    np.testing.assert_array_equal(gain, [2.75, 3.5, 3.0])


@given(batches(), gammas)
def test_gain_is_the_direct_sum(trajectories: list[reference.Trajectory], gamma: float) -> None:
    batch = reference.arrays(trajectories)
    gain = discounted_sum(batch.reward, batch.start, gamma)
    direct = [gain for trajectory in trajectories for gain in reference.gains(trajectory, gamma)]

    np.testing.assert_allclose(gain, direct, rtol=1e-12, atol=1e-12)


@given(batches(), gammas, st.floats(-5, 5))
def test_a_tail_follows_the_last_step(
    trajectories: list[reference.Trajectory], gamma: float, tail: float
) -> None:
    batch = reference.arrays(trajectories)
    tails = np.full(len(batch), tail)
    gain = discounted_sum(batch.reward, batch.start, gamma, tails)
    direct = [g for trajectory in trajectories for g in reference.gains(trajectory, gamma, tail)]

    np.testing.assert_allclose(gain, direct, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("longest", [1, 3, 40, 3000])
def test_side_by_side_is_the_plain_recursion_to_the_bit(longest: int) -> None:
    """Also in what is left of a few long trajectories."""
    rng = np.random.default_rng(longest)
    lengths = rng.integers(1, longest + 1, 60)
    start = np.concatenate([[0], np.cumsum(lengths)])
    reward, tail = rng.normal(size=start[-1]), rng.normal(size=60)
    plain = np.empty(len(reward))
    for e in range(60):
        ahead = tail[e]
        for t in range(start[e + 1] - 1, start[e] - 1, -1):
            ahead = reward[t] + 0.97 * ahead
            plain[t] = ahead

    np.testing.assert_array_equal(discounted_sum(reward, start, 0.97, tail), plain)


@given(batches(), gammas, st.integers(1, 12))
def test_k_step_gain_is_the_direct_sum(
    trajectories: list[reference.Trajectory], gamma: float, k: int
) -> None:
    batch = reference.arrays(trajectories)
    direct = [
        sum(gamma**i * r for i, (_, _, r) in enumerate(trajectory[t : t + k]))
        for trajectory in trajectories
        for t in range(len(trajectory))
    ]

    np.testing.assert_allclose(
        k_step_sum(batch.reward, batch.start, gamma, k), direct, rtol=1e-12, atol=1e-12
    )


@given(batches(), gammas)
def test_enough_steps_are_the_whole_gain(
    trajectories: list[reference.Trajectory], gamma: float
) -> None:
    batch = reference.arrays(trajectories)
    whole = discounted_sum(batch.reward, batch.start, gamma)

    np.testing.assert_allclose(
        k_step_sum(batch.reward, batch.start, gamma, 10**9), whole, rtol=1e-12, atol=1e-12
    )


@given(batches(), gammas, st.floats(-3, 3), st.floats(-3, 3))
def test_gain_is_linear_in_the_rewards(
    trajectories: list[reference.Trajectory], gamma: float, a: float, b: float
) -> None:
    batch = reference.arrays(trajectories)
    other = np.sin(np.arange(batch.n_steps))

    np.testing.assert_allclose(
        discounted_sum(a * batch.reward + b * other, batch.start, gamma),
        a * discounted_sum(batch.reward, batch.start, gamma)
        + b * discounted_sum(other, batch.start, gamma),
        atol=1e-9,
    )


def test_rows_keep_the_order_of_the_source(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Step-major logs are read by trajectory, and answered row by row as they stand."""
    log = tmp_path / "log.csv"
    log.write_text(
        "env,t,state,action,reward,terminated\n"
        "0,0,a,x,1,0\n1,0,b,x,2,0\n0,1,c,x,4,1\n1,1,d,x,8,1\n0,0,e,x,16,1\n"
    )
    result = rlcalc.gain(log, gamma=0.5)

    assert result["state"].tolist() == ["a", "b", "c", "d", "e"]
    assert result["gain"].tolist() == [3.0, 6.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize("gamma", [-0.1, 1.0000001, float("nan"), float("inf")])
def test_gamma_outside_0_to_1_is_refused(gamma: float) -> None:
    with pytest.raises(InputError, match="gamma"):
        rlcalc.gain("three-steps", gamma=gamma)


def test_zero_steps_are_refused() -> None:
    with pytest.raises(UsageError, match="k is 0"):
        rlcalc.gain("three-steps", k=0)


@pytest.mark.parametrize("k", [None, 2])
def test_a_gain_larger_than_any_float_is_refused(k: int | None) -> None:
    columns = {"trajectory": 1, "state": ["a"] * 2, "action": "x", "reward": [1e308] * 2}
    steps = pl.DataFrame(columns)
    assert rlcalc.gain(steps, gamma=0.5, k=k)["gain"].tolist() == [1.5e308, 1e308]

    with pytest.raises(InputError, match="a gain is inf"):
        rlcalc.gain(steps, k=k)
    with pytest.raises(InputError, match="limit of 1e\\+150"):
        rlcalc.estimate(steps, gamma=0.5)


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 100), st.integers(0, 99)
)
def test_k_step_gains_have_the_same_bits_in_any_company(
    lengths: list[int], k: int, seed: int
) -> None:
    start = np.concatenate([[0], np.cumsum(lengths)])
    reward = np.random.default_rng(seed).normal(size=start[-1])
    together = k_step_sum(reward, start, 0.9, k)

    for first, last in pairwise(start.tolist()):
        alone = k_step_sum(reward[first:last], np.array([0, last - first]), 0.9, k)

        assert alone.tolist() == together[first:last].tolist()

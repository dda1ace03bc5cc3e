"""The first H rewards of an episode, by every method."""

import numpy as np
import pytest

import rlcalc
from tests.estimators.off_policy.test_enumeration import PI, B, Q, as_log, policy, trajectories
from tests.estimators.off_policy.test_enumeration import value as exact
from tests.estimators.off_policy.worlds import World, loops


def test_rewards_after_the_horizon_have_no_part_in_the_expectation() -> None:
    """Σ_τ b(τ) X(τ) = V_2 of episodes that are 3 steps long."""
    every = list(trajectories(3))
    chance = np.array([float(p) for _, p in every])
    rows = rlcalc.evaluate(
        as_log([steps for steps, _ in every]), policy=policy(PI), gamma=0.5, value=Q, horizon=2,
        method="is,pdis,dr", rows="episodes",
    )  # fmt: skip

    assert rows["steps"].tolist() == [2] * len(every)
    for name in ("is", "pdis", "dr"):
        assert float(chance @ rows[name]) == pytest.approx(float(exact(2)), abs=1e-12)


def test_a_horizon_that_no_episode_reaches_changes_nothing() -> None:
    batch = rlcalc.simulate("student", 200, seed=3, policy="uniform", with_prob=True).whole()
    longest = int(batch.length.max())
    how = {"policy": "epsilon:0.5", "model": "student", "method": "dr,pdis,wpdis,is,wis"}
    whole, cut = (rlcalc.evaluate(batch, horizon=h, **how) for h in (None, longest + 1))

    np.testing.assert_allclose(cut["value"], whole["value"], rtol=1e-12)
    np.testing.assert_allclose(cut["se"], whole["se"], rtol=1e-12)


def test_the_model_with_a_long_horizon_is_the_model_without_one() -> None:
    batch = rlcalc.simulate("student", 200, seed=3, policy="uniform", with_prob=True).whole()
    how = {"policy": "epsilon:0.5", "model": "student", "method": "ce"}
    whole, cut = (rlcalc.evaluate(batch, horizon=h, **how) for h in (None, 400))

    assert cut["value"][0] == pytest.approx(whole["value"][0], rel=1e-9)
    assert cut["se"][0] == pytest.approx(whole["se"][0], rel=1e-9)
    assert cut["low"][0] == pytest.approx(whole["low"][0], rel=1e-6)
    assert cut.facts["exact_value"] == pytest.approx(whole.facts["exact_value"], rel=1e-9)


def test_the_model_has_backward_induction_and_an_error_that_covers() -> None:
    """Against the exact value of 4 steps in 150 logs; and against the jackknife in one."""
    world: World = loops()
    solved = rlcalc.solve(world.model, policy=world.target, gamma=world.gamma, steps_to_go=4)
    value, batch = float(solved.fact("start_value")), world.play(150 * 80, seed=2)
    how = {"policy": world.target, "gamma": world.gamma, "method": "ce", "horizon": 4, "jobs": 1}
    inside = []
    for n in range(150):
        result = rlcalc.evaluate(batch.cut(80 * n, 80 * n + 80), **how)
        inside.append(result["low"][0] <= value <= result["high"][0])
    part = batch.cut(0, 80)
    without = [
        rlcalc.evaluate(part.select(np.arange(80) != e), **how)["value"][0] for e in range(80)
    ]
    error = np.sqrt(79 / 80 * np.square(without - np.mean(without)).sum())

    assert np.mean(inside) > 0.9
    assert rlcalc.evaluate(part, **how)["se"][0] == pytest.approx(error, rel=0.05)


def test_a_policy_that_never_ends_has_a_value_with_a_horizon() -> None:
    batch = as_log([[(0, 0, exact(0) + 1), (0, 0, exact(0) + 1)]] * 40)
    result = rlcalc.evaluate(batch, policy={0: {0: 1.0}}, method="ce", horizon=2, gamma=1.0)

    assert result["value"][0] == pytest.approx(1.5)  # half of the steps from 0 end there
    assert B[0][0] < 1


def test_what_a_horizon_must_be() -> None:
    batch = rlcalc.simulate("student", 20, seed=3, policy="uniform", with_prob=True).whole()

    with pytest.raises(rlcalc.UsageError, match="1 or more"):
        rlcalc.evaluate(batch, policy="uniform", model="student", horizon=0)
    with pytest.raises(rlcalc.InputError, match="too long"):
        rlcalc.evaluate(batch, policy="uniform", model="student", method="ce", horizon=10**9)

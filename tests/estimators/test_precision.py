"""--precision: with as many more trajectories the interval is as narrow as was asked for."""

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import UsageError
from rlcalc.estimators.precision import more_data
from rlcalc.numerics.sample_size import SampleSize


def test_on_paper() -> None:
    """A state that 10 of 40 trajectories meet, and that needs 25: 60 more."""
    more = more_data(SampleSize(*np.array([[25.0], [5.0], [30.0]])), np.array([10.0]), 40)

    assert [part.tolist() for part in more] == [[60.0], [0.0], [80.0]]


@pytest.mark.parametrize("method", ["mc", "ce"])
def test_so_many_more_are_enough(method: str) -> None:
    def estimate(n: int, seed: int) -> rlcalc.Result:
        play = {"policy": "uniform", "seed": seed}
        return rlcalc.estimate("student", episodes=n, play=play, method=method, precision=0.2)

    total = 400 + int(estimate(400, 5).facts["more_trajectories"])
    again = estimate(total, 6)
    widths = np.concatenate([(again[f"{x}_high"] - again[f"{x}_low"]) / 2 for x in "vqa"])

    assert np.nanmax(widths) < 0.2 * 1.25  # the variance of 400 is known to some 10 to 20 %
    assert np.nanmax(widths) > 0.2 / 1.25
    assert again.facts["more_trajectories"] < 0.4 * total


def test_what_has_no_errors_is_refused() -> None:
    for how in ({"method": "td"}, {"rows": "convergence"}, {"compare": "mc,ce"}):
        with pytest.raises(UsageError, match="standard errors"):
            rlcalc.estimate("grid-walks", precision=0.1, **how)


def test_prompts_and_rollouts_that_a_mean_reward_needs() -> None:
    rng = np.random.default_rng(2)
    ability = rng.beta(2, 2, (300, 1))
    rewards = (rng.random((300, 8)) < ability) * 1.0
    facts = rlcalc.group(rewards, rows="summary", precision=0.02).facts
    more = facts["more_prompts"]["reward_mean"]
    larger = (rng.random((300 + int(more), 8)) < rng.beta(2, 2, (300 + int(more), 1))) * 1.0
    after = rlcalc.group(larger, rows="summary").facts

    assert (
        facts["more_prompts_low"]["reward_mean"] < more < facts["more_prompts_high"]["reward_mean"]
    )
    assert (after["reward_high"] - after["reward_low"]) / 2 == pytest.approx(0.02, rel=0.1)
    assert facts["more_rollouts_a_prompt"] is None  # the prompts alone differ by more than that


def test_more_rollouts_of_the_same_prompts() -> None:
    """Prompts that differ little: Var = (σ_b² + σ_w²/m)/P with σ_w² = ¼ and P = 1,000."""
    rng = np.random.default_rng(3)
    rewards = (rng.random((1000, 4)) < 0.5) * 1.0
    facts = rlcalc.group(rewards, rows="summary", precision=0.01).facts
    m = 4 + facts["more_rollouts_a_prompt"]

    assert m == pytest.approx(0.25 / (1000 * (0.01 / 1.962) ** 2), rel=0.2)
    with pytest.raises(UsageError, match="means of all rollouts"):
        rlcalc.group(rewards, rows="groups", precision=0.01)


def test_episodes_that_an_evaluation_needs() -> None:
    def evaluate(n: int, seed: int) -> rlcalc.Result:
        run = rlcalc.simulate("student", n, policy="uniform", with_prob=True, seed=seed)
        return rlcalc.evaluate(
            run, policy="epsilon:0.5", model="student", method=["dr", "wis"], precision=0.1
        )

    first = evaluate(500, 1)
    after = evaluate(500 + int(first["more"][0]), 2)

    assert first["more_low"][0] < first["more"][0] < first["more_high"][0]
    assert (after["high"][0] - after["low"][0]) / 2 == pytest.approx(0.1, rel=0.25)
    with pytest.raises(UsageError, match="about methods"):
        rlcalc.evaluate("grid-walks", policy={}, rows="states", precision=0.1)

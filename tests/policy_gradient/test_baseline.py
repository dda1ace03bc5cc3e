"""The mean gain of episodes with the same start, as GRPO has it."""

import numpy as np
import pytest

import rlcalc
from rlcalc.policy_gradient.baseline import StartGroups
from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes
from tests.policy_gradient.setups import looping, softmax_setup
from tests.solvers.models import mdp_of


def test_a_mean_is_that_of_the_group_that_begins_alike() -> None:
    """Two prompts, paid 1 and 10: Σ_i ∇ log π(y_i) (r_i − μ_group) / N, as GRPO has it."""
    mdp = mdp_of({(s, a): [(2, 1.0, float(a + 9 * s))] for s in range(2) for a in range(3)}, 3)
    played = rlcalc.simulate(mdp, 40, seed=3, start="uniform").whole()
    first = played.state
    mean = np.array([played.reward[first == s].mean() for s in range(2)])
    expected = np.zeros(6)
    for s, a, r in zip(first, played.action, played.reward, strict=True):
        expected[3 * s : 3 * s + 3] += ((np.arange(3) == a) - 1 / 3) * (r - mean[s]) / 40
    data = {"from_data": played, "start": "uniform", "baseline": "mean"}

    for form in ("gain", "trajectory"):
        answer = rlcalc.gradient(mdp, form=form, **data)  # type: ignore[arg-type]
        assert answer["gradient"] == pytest.approx(expected, abs=1e-12)
        assert answer.facts["groups"] == 2


def test_groups_add_up_however_they_are_cut() -> None:
    setup = softmax_setup(looping(), 60, 2, 0.8)
    target, batch = (
        TargetPolicy(setup.mdp, setup.play.policy.weight, 0.8),
        setup.play.experience().whole(),
    )
    parts = [
        StartGroups.of(WeightedEpisodes.of(target, batch.cut(*span), span[0]))
        for span in ((0, 7), (7, 60))
    ]
    whole = StartGroups.of(WeightedEpisodes.of(target, batch, 0))

    assert parts[0].merge(parts[1]).step_mean == pytest.approx(whole.step_mean)
    assert whole.mean[0] == pytest.approx(WeightedEpisodes.of(target, batch, 0).episode_gain.mean())

"""Episodes weighted for a target policy, by hand."""

from dataclasses import replace
from typing import Any

import numpy as np

from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes
from rlcalc.trajectories import Trajectories
from tests.solvers.models import mdp_of

MDP_OF_TWO = {(s, a): [(2, 1.0, 1.0)] for s in range(2) for a in range(2)}


def weighted(behaviour: list[float] | None = None) -> Any:
    """Episodes (0 a) (1 b) and (1 b) (1 b), with π(b|1) = 0.8."""
    mdp = mdp_of(MDP_OF_TWO, 3)
    batch = Trajectories.from_arrays(
        [0, 1, 1, 1], [0, 1, 1, 1], [1.0, 2.0, 3.0, 4.0], length=[2, 2], terminated=[True, True]
    )
    batch = replace(batch, behaviour_prob=None if behaviour is None else np.array(behaviour))
    return WeightedEpisodes.of(TargetPolicy(mdp, np.array([0.5, 0.5, 0.2, 0.8]), 0.5), batch, 3)


def test_gains_discounts_and_halves_by_hand() -> None:
    episodes = weighted()

    assert episodes.pair.tolist() == [0, 3, 3, 3]
    assert episodes.weight.tolist() == [1, 0.5, 1, 0.5]
    assert episodes.episode_gain.tolist() == [2, 5]
    assert episodes.half.tolist() == [1, 1, 0, 0]  # the first one is episode 3
    assert episodes.first_visits(episodes.pair, 4).tolist() == [0, 1, 2]
    assert not episodes.off_policy.any()


def test_ratios_multiply_along_an_episode() -> None:
    episodes = weighted([0.25, 0.4, 0.8, 0.8])

    assert episodes.importance_ratio.tolist() == [2, 2, 1, 1]
    assert episodes.cumulative_ratio.tolist() == [2, 4, 1, 1]
    assert episodes.episode_ratio.tolist() == [4, 1]
    assert episodes.off_policy.tolist() == [True, False]

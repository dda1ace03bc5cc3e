"""Ghosts: a rounding error of the mean, divided by epsilon."""

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.fitting import Comparison
from rlcalc.groups.audit.ghosts import ghost_count, ghosts
from rlcalc.groups.groups import Groups
from rlcalc.rollouts import Rollouts

ROLLOUTS = Rollouts.from_arrays(
    [0, 0, 1, 1, 2], [0.1, 0.1, 0.0, 1.0, 3.0], advantage=[0.3, 0.0, -0.5, 0.5, 0.2]
)


def test_only_a_group_of_equal_rewards_has_ghosts() -> None:
    found = ghosts(Comparison(Groups(ROLLOUTS)), Convention("dr-grpo"))

    assert found.tolist() == [True, False, False, False, False]
    assert ghost_count(Groups(ROLLOUTS)) == 1


def test_reinforce_has_no_ghosts() -> None:
    """It gives equal rewards an advantage by definition."""
    assert not ghosts(Comparison(Groups(ROLLOUTS)), Convention("reinforce")).any()


def test_infinite_and_missing_advantages_are_no_ghosts() -> None:
    rollouts = Rollouts.from_arrays([0, 0], [1.0, 1.0], advantage=[np.inf, np.nan])

    assert not ghosts(Comparison(Groups(rollouts)), None).any()

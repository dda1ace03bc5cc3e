"""The target policy: its pairs and logarithms, by hand."""

import numpy as np
import pytest

from rlcalc.errors import InputError
from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.trajectories import Trajectories
from tests.solvers.models import mdp_of


def test_steps_have_the_pairs_of_the_model_and_other_actions_are_refused() -> None:
    """State 0 has the actions 0 and 1, state 1 the action 1 alone."""
    mdp = mdp_of({(0, 0): [(2, 1.0, 1.0)], (0, 1): [(1, 1.0, 0.0)], (1, 1): [(2, 1.0, 1.0)]}, 3)
    target = TargetPolicy(mdp, np.array([0.0, 1.0, 1.0]), 1.0)

    steps = Trajectories.from_arrays([0, 1, 0], [0, 1, 1], [1.0] * 3)

    assert target.pairs(steps).tolist() == [0, 2, 1]
    assert target.log_weight.tolist() == [0, 0, 0]
    with pytest.raises(InputError, match="no action"):
        target.pairs(Trajectories.from_arrays([0, 1, 1], [0, 1, 0], [1.0] * 3))

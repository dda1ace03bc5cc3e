"""The end-component quotient on a model that fits on paper."""

import numpy as np

from rlcalc.graph.mec_quotient import quotient_of
from tests.solvers.models import mdp_of

LOOP = {
    (0, 0): [(1, 1.0, 0.0)],
    (1, 0): [(0, 1.0, 0.0)],
    (1, 1): [(2, 1.0, 5.0)],
    (2, 0): [(3, 1.0, 1.0)],
}
"""0 and 1 are a loop of reward 0; from 1 one may leave to 2, and from there to the end, 3."""


def test_a_loop_without_reward_becomes_one_state_that_may_stop() -> None:
    quotient = quotient_of(mdp_of(LOOP, 4).expected)
    value = np.array([7.0, 7.0, 1.0, 0.0])

    assert quotient.state[0] == quotient.state[1] != quotient.state[2]
    assert quotient.model.n_states == 4  # the loop, 2, 3, and the state where all has stopped
    assert sorted(quotient.model.reward.tolist()) == [0.0, 1.0, 5.0]
    np.testing.assert_array_equal(quotient.spread(quotient.gather(value)), value)

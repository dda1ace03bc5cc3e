"""The end-component quotient on a model that fits on paper."""

import numpy as np

from rlcalc.graph.end_components import end_components
from rlcalc.graph.mec_quotient import merge_components, quotient_of
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


def test_stopping_may_pay_and_pairs_know_where_they_come_from() -> None:
    """0 and 1 go round and are one state; 2 is a loop, and 3 leads to either."""
    model = mdp_of(
        {
            (0, 0): [(1, 1.0, 5.0)],
            (1, 0): [(0, 1.0, 7.0)],
            (1, 1): [(3, 1.0, 9.0)],
            (2, 0): [(2, 1.0, 1.0)],
            (3, 0): [(0, 0.5, 4.0), (2, 0.5, 4.0)],
        },
        4,
    ).expected
    components = end_components(model, np.ones(model.n_pairs, dtype=bool))
    stop = np.array([60.0, 10.0])
    quotient = merge_components(model, components, stop)
    paid = dict(zip(quotient.pair.tolist(), quotient.model.reward.tolist(), strict=True))

    assert components.number.tolist() in ([0, 0, 1, -1], [1, 1, 0, -1])
    assert quotient.state.tolist() == [0, 0, 1, 2]
    assert paid == {2: 9, 4: 4, -1: 60, -2: 10}

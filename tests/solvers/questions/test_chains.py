"""Chains: the bound on the steps of a policy."""

import pytest

from rlcalc.solvers.questions import chains
from tests.solvers.models import mdp_of


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
def test_the_most_steps_of_a_walk_that_stays_with_a_half(gamma: float) -> None:
    chain = mdp_of({(0, 0): [(0, 0.5, 1.0), (1, 0.5, 1.0)]}, 2).expected
    steps = chains.most_discounted_steps(chain, gamma)

    assert 1 / (1 - gamma / 2) <= steps <= (1 + 1e-12) / (1 - gamma / 2)


def test_only_without_discount_are_states_visited_for_ever() -> None:
    chain = mdp_of({(0, 0): [(1, 1.0, 0.0)], (1, 0): [(1, 1.0, 0.0)]}, 2).expected

    assert chains.endless(chain, 1.0).tolist() == [False, True]
    assert not chains.endless(chain, 0.9).any()

"""Atoms: one for each gain, as exact fractions have them, and too many where gains double."""

from collections import deque
from itertools import repeat

import numpy as np
import pytest

from rlcalc.solvers.returns.atoms import distributions
from rlcalc.solvers.returns.enumeration import TooMany
from rlcalc.solvers.returns.enumeration import distributions as enumerated
from rlcalc.solvers.returns.outcomes import PolicyOutcomes
from tests.solvers.models import mdp_of


def test_a_reward_at_the_end_has_a_gain_for_each_time() -> None:
    """0.9^t with 2^-(t+1), and 0 while the game goes on; the same in fractions."""
    goal = mdp_of({(0, 0): [(0, 0.5, 0.0), (1, 0.5, 1.0)]}, 2)
    outcomes = PolicyOutcomes.of(goal, np.ones(1), np.array([0]))
    *_, layer = distributions(repeat(outcomes, 20), 0.9, np.zeros(2))
    found = layer.distribution(0, 0.0, (0.0, 1.0), 0.0, 0.0)
    *_, exact = enumerated(repeat(outcomes, 20), 0.9, until_settled=False)

    np.testing.assert_allclose(found.value, exact[0].value.astype(float), atol=found.shift)
    np.testing.assert_allclose(found.probability, exact[0].probability.astype(float), rtol=1e-13)
    assert 0 < found.shift < 1e-13


def test_doubling_gains_are_too_many() -> None:
    coin = mdp_of({(0, 0): [(0, 0.5, 0.0), (0, 0.5, 1.0)]}, 1)
    outcomes = PolicyOutcomes.of(coin, np.ones(1), np.array([0]))

    with pytest.raises(TooMany):
        deque(distributions(repeat(outcomes, 20), 0.9, np.zeros(2)))

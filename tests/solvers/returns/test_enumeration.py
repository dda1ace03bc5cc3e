"""Enumeration: equal gains are one, decimals are decimals, and many gains are too many."""

from collections import deque
from fractions import Fraction
from itertools import repeat

import numpy as np
import pytest

from rlcalc.solvers.returns.enumeration import TooMany, distributions
from rlcalc.solvers.returns.outcomes import PolicyOutcomes
from tests.solvers.models import mdp_of

COIN = mdp_of({(0, 0): [(1, 0.5, 0.1), (1, 0.5, 0.2)], (1, 0): [(2, 0.5, 0.2), (2, 0.5, 0.1)]}, 3)


def outcomes_of() -> PolicyOutcomes:
    return PolicyOutcomes.of(COIN, np.ones(2), np.array([0, 1]))


def test_equal_gains_are_one() -> None:
    """0.1 + 0.2 and 0.2 + 0.1 are 3/10, though floats differ from 0.3."""
    *_, last = distributions(repeat(outcomes_of()), 1.0, until_settled=True)

    assert last[0].value.tolist() == [Fraction(1, 5), Fraction(3, 10), Fraction(2, 5)]
    assert last[0].probability.tolist() == [Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)]


def test_it_ends_where_nothing_changes_or_goes_on_with_the_steps() -> None:
    steps = [outcomes_of()] * 5

    assert len(list(distributions(steps, 1.0, until_settled=True))) == 2
    assert len(list(distributions(steps, 1.0, until_settled=False))) == 5


def test_many_gains_are_too_many() -> None:
    """A fair coin with 0.9^t at stake has 2^t gains after t steps."""
    coin = mdp_of({(0, 0): [(0, 0.5, 0.0), (0, 0.5, 1.0)]}, 1)
    steps = repeat(PolicyOutcomes.of(coin, np.ones(1), np.array([0])))
    layers = distributions(steps, 0.9, until_settled=False)

    counts = [len(next(layers)[0].value) for _ in range(10)]
    assert counts == [2**n for n in range(1, 11)]
    with pytest.raises(TooMany):
        deque(layers)

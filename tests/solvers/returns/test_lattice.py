"""Lattice: exact on the points of the rewards, within its shift elsewhere, compiled or not."""

from fractions import Fraction
from itertools import repeat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.solvers.returns.enumeration import distributions as enumerated
from rlcalc.solvers.returns.lattice import Lattice, common_step, distributions, next_chances
from rlcalc.solvers.returns.outcomes import PolicyOutcomes
from tests.solvers.models import mdp_of


def coin(*rewards: float) -> PolicyOutcomes:
    """Each reward as often as the others, again and again."""
    mdp = mdp_of({(0, 0): [(0, 1 / len(rewards), reward) for reward in rewards]}, 1)
    return PolicyOutcomes.of(mdp, np.ones(1), np.array([0]))


def test_multiples_of_a_step_are_points() -> None:
    """Three throws of 0.1 or 0.2: 0.3 to 0.6 as 1, 3, 3 and 1 of 8."""
    points = Lattice.between(0.0, 0.6, Fraction(1, 10), exact=True)
    *_, last = distributions(repeat(coin(0.1, 0.2), 3), 1.0, points, np.zeros(2))
    found = last.distribution(0, 0.0, (0.3, 0.6), 0.0, 0.0)

    assert last.shift[0] == 0.0
    assert found.value.tolist() == pytest.approx([0.3, 0.4, 0.5, 0.6], abs=1e-15)
    assert found.probability.tolist() == [0.125, 0.375, 0.375, 0.125]


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=3), st.sampled_from([0.0, 0.7, 1.0]))
def test_gains_between_points_are_within_the_shift(rewards: list[float], gamma: float) -> None:
    """Sorted gains, each with its chance, pair up: the largest difference is at most the shift."""
    outcomes, steps = coin(*rewards), 4
    points = Lattice.between(-8.0, 8.0, Fraction(1, 37), exact=False)
    *_, last = distributions(repeat(outcomes, steps), gamma, points, np.zeros(2))
    about = last.distribution(0, 0.0, (-8.0, 8.0), 0.0, 0.0)
    *_, exact = enumerated(repeat(outcomes, steps), gamma, until_settled=False)
    shares = (np.arange(200) + 0.5) / 200 + 1e-7
    true = exact[0].value.astype(float)[
        np.searchsorted(exact[0].probability.astype(float).cumsum()[:-1], shares)
    ]
    seen = about.value[np.searchsorted(about.probability.cumsum()[:-1], shares)]

    assert np.abs(true - seen).max() <= about.shift + 1e-12


def test_compiled_and_plain_loops_give_the_same_bits() -> None:
    outcomes, rng = coin(0.3, -0.4, 1.0), np.random.default_rng(1)
    chance = rng.random(2 * 50)
    several = []
    for loop in (next_chances.plain, next_chances.compiled):
        later = np.zeros(2 * 50)
        loop(
            outcomes.start,
            outcomes.next_state,
            outcomes.probability,
            np.array([3.3, -4.4, 10.0]),
            0.9,
            50,
            chance,
            later,
        )
        several.append(later)

    assert several[0].tobytes() == several[1].tobytes()


@pytest.mark.parametrize(
    ("rewards", "step"),
    [([0.1, -0.25], Fraction(1, 20)), ([3.0, 0.0], Fraction(3)), ([1.0, np.pi], None)],
)
def test_rewards_have_a_common_step_or_none(rewards: list[float], step: Fraction | None) -> None:
    assert common_step(np.array(rewards), 10.0, 1000) == step

"""Quantiles and CVaR of a distribution: by hand, by the definition as a maximum, and its limits."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.solvers.returns.distribution import GainDistribution, mixture


def floats(values: list[float], chances: list[float], **errors: float) -> GainDistribution:
    return GainDistribution(np.array(values), np.array(chances), **errors)


def test_a_part_of_the_atom_at_the_quantile_fills_up_the_share() -> None:
    """0 with 0.04 and 10 with 0.96: the worst 5 % are 0.04 of the one and 0.01 of the other."""
    quantile, worst = floats([0.0, 10.0], [0.04, 0.96]).worst(0.05)

    assert quantile.at == 10.0
    assert worst.at == pytest.approx(0.01 * 10 / 0.05)
    assert worst.low <= 2.0 <= worst.high


def test_a_level_at_a_jump_is_exact_in_fractions_and_within_limits_in_floats() -> None:
    half = np.array([Fraction(1, 2)] * 2, dtype=object)
    exact = GainDistribution(np.array([Fraction(0), Fraction(1)], dtype=object), half)

    assert exact.worst(0.5)[0] == (0.0, 0.0, 0.0)
    assert floats([0.0, 1.0], [0.5, 0.5], mass=1e-15).worst(0.5)[0][1:] == (0.0, 1.0)


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), min_size=1, max_size=6),
    st.sampled_from([0.05, 0.3, 0.5, 1.0]),
)
def test_cvar_is_a_maximum_over_thresholds(atoms: list[tuple[int, int]], level: float) -> None:
    """max_q q − E[(q − G)⁺]/level, which is reached at one of the values."""
    total = sum(weight for _, weight in atoms)
    value = np.array(sorted({x for x, _ in atoms}), dtype=float)
    chance = np.array([sum(w for x, w in atoms if x == v) / total for v in value])
    quantile, worst = GainDistribution(value, chance, highest=value[-1]).worst(level)
    best = max(q - chance @ np.maximum(q - value, 0.0) / level for q in value)

    assert worst.at == pytest.approx(best, abs=1e-12)
    assert worst.low <= best <= worst.high
    assert worst.at <= quantile.at


@given(st.floats(0, 0.2), st.floats(0, 0.1), st.sampled_from([0.05, 0.25, 0.5]))
def test_limits_hold_for_values_and_chances_that_are_off(
    shift: float, mass: float, level: float
) -> None:
    """All is moved by `shift`, and half of `mass` goes from one end to the other."""
    value, chance = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.2, 0.3, 0.3, 0.2])
    true = floats((value - shift).tolist(), (chance + np.array([1, 0, 0, -1]) * mass / 2).tolist())
    about = floats(value.tolist(), chance.tolist(), shift=shift, mass=mass).worst(level)

    for limits, at in zip(about, true.worst(level), strict=True):
        assert limits.low - 1e-12 <= at.at <= limits.high + 1e-12


def test_a_chance_that_games_go_on_leaves_small_levels_open() -> None:
    """A tenth of the games may still lose anything, so that the worst 5 % have no lower limit."""
    quantile, worst = floats([1.0], [1.0], unfinished=0.1, tail=0.5).worst(0.05)

    assert quantile.low == -np.inf
    assert worst.low <= 1 - 0.5 / 0.05


def test_a_mixture_has_the_chances_of_its_parts() -> None:
    mixed = mixture([(0.25, floats([0.0, 1.0], [0.5, 0.5])), (0.75, floats([1.0], [1.0]))])

    assert mixed.value.tolist() == [0.0, 1.0]
    assert mixed.probability.tolist() == [0.125, 0.875]

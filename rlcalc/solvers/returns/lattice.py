"""Lattice: the distribution of the gain on equidistant points, each rounding of a gain counted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF
from rlcalc.numerics.arrays import Codes, Floats, Ints
from rlcalc.numerics.fractions import fraction
from rlcalc.numerics.kernel import kernel
from rlcalc.solvers.returns.distribution import GainDistribution
from rlcalc.solvers.returns.outcomes import PolicyOutcomes

TINY = 1e-100
"""Chances that are left out: floats that are much smaller are slow."""
MOST_REWARDS = 10_000
"""Different rewards whose greatest common divisor is looked for."""


@dataclass(frozen=True)
class Lattice:
    """Points (first + j) · step for j = 0, 1, ..., size − 1."""

    first: int
    size: int
    step: Fraction
    exact: bool  # whether all gains are points

    @classmethod
    def between(cls, low: float, high: float, step: Fraction, *, exact: bool) -> Lattice:
        """Return the points from the last one up to `low` to the first one from `high` on."""
        first, last = math.floor(Fraction(low) / step), math.ceil(Fraction(high) / step)
        return cls(first, last - first + 1, step, exact)

    @property
    def value(self) -> Floats:
        """[size] the points."""
        number = np.arange(self.first, self.first + self.size, dtype=np.float64)
        above, below = self.step.as_integer_ratio()
        if max(above * self.size, below) < 1 << 53:
            return number * float(above) / float(below)
        return number * float(self.step)


@dataclass(frozen=True)
class Layer:
    """The chances of the points with a number of steps to go, and their errors."""

    lattice: Lattice
    chance: Floats  # [A + 1, size]
    shift: Floats  # [A + 1] each gain is within this of its point
    mass: float  # Σ |p̂ − p|
    steps: int

    def distribution(
        self,
        state: int,
        centre: float,
        extremes: tuple[float, float],
        unfinished: float,
        tail: float,
    ) -> GainDistribution:
        """Return the distribution of the gain from a state, around a centre.

        Args:
            state: 0..A.
            centre: what is added to each point.
            extremes: the least and the largest gain.
            unfinished: the chance that more follows than was counted.
            tail: a bound on E|what follows then|.
        """
        chance = self.chance[state]
        met = np.flatnonzero(chance)
        value = self.lattice.value[met] + centre
        noise = 0.0
        if centre or not self.lattice.exact or self.lattice.step.denominator > 1:
            size = float(np.abs(self.lattice.value).max()) + abs(centre)
            noise = (8 + 4 * self.steps) * UNIT_ROUNDOFF * size
        shift, low, high = (
            float(self.shift[state]) + 2 * noise,
            extremes[0] - noise,
            extremes[1] + noise,
        )
        value = np.clip(value, low, high)
        return GainDistribution(value, chance[met], shift, self.mass, unfinished, tail, low, high)


def distributions(
    steps: Iterable[PolicyOutcomes],
    gamma: float,
    lattice: Lattice,
    nothing: Floats,
    *,
    centred: float = 0.0,
) -> Iterator[Layer]:
    """Yield the distributions of the gain of 1, 2, ... steps.

        P_n(k | s) = Σ π(a|s) P(s', r|s, a) P_{n−1}(j | s'),   k = the point next to r + γ j

    A gain that is off by x is off by γ x one step earlier, besides its own rounding.

    Args:
        steps: the outcomes with 1, 2, ... steps to go.
        gamma: 0..1.
        lattice: which holds all gains, and 0.
        nothing: [A + 1] how far the gain of no steps may be from 0.
        centred: the rounding of rewards that are differences of values.

    Source: Bellemare, Dabney & Rowland (2023), Distributional reinforcement learning, section 3.5.
    """
    size, shift = lattice.size, nothing
    chance = np.zeros((len(nothing), size))
    chance[:, -lattice.first] = 1.0
    of: PolicyOutcomes | None = None
    relative = n = 0
    for n, outcomes in enumerate(steps, 1):
        if outcomes is not of:
            of = outcomes
            point, off = _points(outcomes, gamma, lattice, centred=centred)
            probability, start = outcomes.probability, outcomes.start
        later = np.zeros_like(chance)
        later[-1, -lattice.first] = 1.0
        next_chances(
            start,
            outcomes.next_state,
            probability,
            point,
            gamma,
            size,
            chance.reshape(-1),
            later.reshape(-1),
        )
        chance = later
        shift = outcomes.combined(np.maximum, off + gamma * shift[outcomes.next_state])
        merged = min(size, 2 + math.floor(1 / gamma)) if gamma else size  # points next to one
        relative += (2 + merged) * outcomes.widest + 8
        mass = relative * UNIT_ROUNDOFF + n * size * TINY
        yield Layer(lattice, chance, shift * (1 + 4 * n * UNIT_ROUNDOFF), mass, n)


def _points(
    outcomes: PolicyOutcomes, gamma: float, lattice: Lattice, *, centred: float
) -> tuple[Floats, Floats]:
    """Return where r + γ · (point 0) stands among the points, and how far its point may be off."""
    reward, step = outcomes.reward, lattice.step
    if gamma == 1:
        different, place = np.unique(reward, return_inverse=True)
        exact = [fraction(r) / step for r in different.tolist()]
        off = [float(abs(r - round(r)) * step) * (1 + 4 * UNIT_ROUNDOFF) for r in exact]
        return np.array([round(r) for r in exact], np.float64)[place], np.array(off)[place]
    point = reward / float(step) + (gamma - 1) * lattice.first
    size = float(np.abs(reward).max(initial=0.0)) + float(
        step * max(abs(lattice.first), lattice.size)
    )
    noise = 8 * UNIT_ROUNDOFF * size + centred
    return point, np.full(len(reward), float(step) / 2 * (1 + 1e-9) + noise)


@kernel
def next_chances(
    start: Ints,
    next_state: Codes,
    probability: Floats,
    point: Floats,
    gamma: float,
    size: int,
    chance: Floats,
    later: Floats,
) -> None:
    """later(s, k) ← Σ P(s', r|s) chance(s', j) with k = the whole number next to point + γ j.

    Chances up to `TINY` are left out.
    """
    for s in range(len(start) - 1):
        for i in range(start[s], start[s + 1]):
            ahead, p, first = next_state[i] * size, probability[i], point[i] + 0.5
            for j in range(size):
                if chance[ahead + j] > TINY:
                    k = min(max(math.floor(first + gamma * j), 0), size - 1)
                    later[s * size + k] += p * chance[ahead + j]


def common_step(reward: Floats, span: float, most: int) -> Fraction | None:
    """Return the largest number of which all rewards are multiples, if a span has few of them.

    >>> common_step(np.array([0.1, -0.25]), 1.0, 100)
    Fraction(1, 20)

    Args:
        reward: [N].
        span: of the gains.
        most: the number of multiples in the span; None is returned where there are more.
    """
    different = np.unique(np.abs(reward[reward != 0]))
    if len(different) > MOST_REWARDS:
        return None
    step = Fraction(0)
    for one in map(fraction, different.tolist()):
        if step == 0:
            step = one
            continue
        below = step.denominator * one.denominator
        step = Fraction(
            math.gcd(step.numerator * one.denominator, one.numerator * step.denominator), below
        )
        if step * most < span:
            return None
    return step if step and step * most >= span else None

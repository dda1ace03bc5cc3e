"""Atoms: the distribution of the gain in floats, equal gains counted together, as long as few are.

One reward at the end, discounted by the time, has as many gains as there are steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF
from rlcalc.numerics.arrays import Floats
from rlcalc.solvers.returns.distribution import GainDistribution
from rlcalc.solvers.returns.enumeration import TooMany
from rlcalc.solvers.returns.outcomes import PolicyOutcomes

MOST_ATOMS = 1 << 12
"""Different gains of a state; where rewards are random they double with each step."""
MOST_SORTED = 40_000_000
"""Gains that are sorted in all: some 3 seconds."""


@dataclass(frozen=True)
class AtomLayer:
    """The gains with a number of steps to go, their chances and their errors."""

    gains: list[tuple[Floats, Floats]]  # of each state 0..A: rising values, and their chances
    shift: Floats  # [A + 1] each gain is within this of its value
    mass: float  # Σ |p̂ − p|
    noise: float  # the rounding of values, and of the extremes

    def distribution(
        self,
        state: int,
        centre: float,
        extremes: tuple[float, float],
        unfinished: float,
        tail: float,
    ) -> GainDistribution:
        """Return the distribution of the gain from a state; arguments as of `lattice.Layer`."""
        value, chance = self.gains[state]
        low, high = extremes[0] - self.noise, extremes[1] + self.noise
        shift = float(self.shift[state]) + 2 * self.noise
        moved = np.clip(value + centre, low, high)
        return GainDistribution(moved, chance, shift, self.mass, unfinished, tail, low, high)


def distributions(
    steps: Iterable[PolicyOutcomes], gamma: float, nothing: Floats
) -> Iterator[AtomLayer]:
    """Yield the distributions of the gain of 1, 2, ... steps.

    Args:
        steps: the outcomes with 1, 2, ... steps to go.
        gamma: 0..1.
        nothing: [A + 1] how far the gain of no steps may be from 0.

    Raises:
        TooMany: there are too many gains.
    """
    shift, noise, relative, sorted_gains = nothing, 0.0, 0, 0
    none = (np.zeros(1), np.ones(1))
    gains = [none] * len(nothing)
    for outcomes in steps:
        merged = 1
        start, next_state = outcomes.start.tolist(), outcomes.next_state.tolist()
        later: list[tuple[Floats, Floats]] = []
        for first, last in pairwise(start):
            ahead = [gains[after] for after in next_state[first:last]]
            length = [len(value) for value, _ in ahead]
            reward = np.repeat(outcomes.reward[first:last], length)
            share = np.repeat(outcomes.probability[first:last], length)
            value = reward + gamma * np.concatenate([value for value, _ in ahead])
            chance = share * np.concatenate([chance for _, chance in ahead])
            different, place = np.unique(value, return_inverse=True)
            place = place.reshape(-1)
            merged = max(merged, int(np.bincount(place).max()))
            later.append((different, np.bincount(place, chance).astype(np.float64)))
            sorted_gains += len(value)
            if len(different) > MOST_ATOMS or sorted_gains > MOST_SORTED:
                raise TooMany
        gains = [*later, none]
        size = max(float(np.abs(value).max()) for value, _ in gains)
        rounding = 4 * UNIT_ROUNDOFF * (float(np.abs(outcomes.reward).max()) + 2 * size)
        noise += rounding
        shift = outcomes.combined(np.maximum, rounding + gamma * shift[outcomes.next_state])
        relative += 2 * outcomes.widest + merged + 8
        mass = relative * UNIT_ROUNDOFF
        yield AtomLayer(gains, shift * (1 + 4 * UNIT_ROUNDOFF), mass, noise)

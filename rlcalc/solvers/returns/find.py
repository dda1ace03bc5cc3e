"""Finding distributions: enumerated where few gains differ, else on a lattice of a fitting step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import pairwise, repeat
from typing import NamedTuple

import numpy as np

from rlcalc.errors import InputError
from rlcalc.expected_mdp import UNIT_ROUNDOFF
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Fact
from rlcalc.solvers.questions.chains import most_discounted_steps
from rlcalc.solvers.returns import atoms, enumeration, lattice
from rlcalc.solvers.returns.atoms import AtomLayer
from rlcalc.solvers.returns.distribution import GainDistribution
from rlcalc.solvers.returns.lattice import Lattice, Layer
from rlcalc.solvers.returns.outcomes import PolicyOutcomes, active_states

MOST_WORK = 2e9
"""Chances times outcomes times steps: some seconds in all."""
MOST_CHANCES = 1 << 23
"""Chances that are in memory: 128 MB with those of the next step."""
FEWEST_POINTS = 1 << 10
"""Points that a lattice must have room for."""
FINE = 1e-4
"""The error of a gain that is aimed at, relative to the span of all gains."""
UNFINISHED, EARNED_LATER = 1e-13, 1e-10
"""The chance that a game goes on after the steps that are counted, and the expected number of steps
that follow."""
MOST_STEPS = 100_000
PASSES = 2e8
"""Outcomes times steps up to which the end of a game is looked for."""
NOTHING = GainDistribution(
    np.array([Fraction(0)], dtype=object),
    np.array([Fraction(1)], dtype=object),
    lowest=0,
    highest=0,
)
"""The gain of a state after which no reward follows."""


class Distributions(NamedTuple):
    """The distribution of the gain from each state that is among the rows."""

    of: Callable[[int], GainDistribution]
    facts: dict[str, Fact]


@dataclass(frozen=True)
class Game:
    """A model, and the states whose gains are of interest."""

    mdp: MDP
    gamma: float
    rows: Ints
    tol: float | None = None  # the error of a gain that is aimed at; None: `FINE`

    def by_steps_to_go(self, weights: Sequence[Floats]) -> Iterator[Distributions]:
        """Yield the distributions with 1, 2, ... steps to go.

        Args:
            weights: [K] π(a|s) with 1, 2, ... steps to go.

        Raises:
            InputError: there are too many different gains.
        """
        stationary = all(one is other for one, other in pairwise(weights))
        active = active_states(self.mdp, weights[0] if stationary else None, self.rows)
        if not len(active):
            yield from repeat(_exact(active, [NOTHING]), len(weights))
            return
        first = PolicyOutcomes.of(self.mdp, weights[0], active)
        self._refuse_if_below(self._most_points(first, len(weights)), len(weights))
        steps = [first] + [
            first if stationary else PolicyOutcomes.of(self.mdp, weight, active)
            for weight in weights[1:]
        ]
        try:
            exact = list(enumeration.distributions(steps, self.gamma, until_settled=False))
            yield from (_exact(active, several) for several in exact)
            return
        except enumeration.TooMany:
            pass
        extremes = [(np.zeros(len(active) + 1),) * 2]
        for outcomes in steps:
            extremes.append(outcomes.step_of_extremes(*extremes[-1], self.gamma))
        low, high = min(low.min() for low, _ in extremes), max(high.max() for _, high in extremes)
        nothing = np.zeros(len(active) + 1)
        layers: Iterable[AtomLayer | Layer]
        facts: dict[str, Fact] = {"distribution": "atoms"}
        try:
            layers = list(atoms.distributions(steps, self.gamma, nothing))
        except enumeration.TooMany:
            points = self._lattice(first, len(steps), low, high)
            layers, facts = (
                lattice.distributions(steps, self.gamma, points, nothing),
                _facts(points),
            )
        for layer, limits in zip(layers, extremes[1:], strict=True):
            yield Distributions(partial(_of, active, layer, limits, None, None, 0.0), facts)

    def without_end(self, weight: Floats, value: Floats) -> Distributions:
        """Return the distributions of the gain of all steps.

        With gamma below 1 they are those of G − V, which change least where little is random.

        Args:
            weight: [K] π(a|s).
            value: [S] V, about.

        Raises:
            InputError: there are too many different gains.
        """
        active = active_states(self.mdp, weight, self.rows)
        if not len(active):
            return _exact(active, [NOTHING])
        outcomes = PolicyOutcomes.of(self.mdp, weight, active)
        depth = _depth(outcomes)
        if depth is not None:
            try:
                steps = repeat(outcomes, depth + 1)
                exact = list(enumeration.distributions(steps, self.gamma, until_settled=True))
                return _exact(active, exact[-1])
            except enumeration.TooMany:
                pass
        if self.gamma == 1:
            return self._total(weight, active, outcomes)
        return self._discounted(active, outcomes, np.append(value[active], 0.0), depth)

    def _discounted(
        self, active: Ints, outcomes: PolicyOutcomes, value: Floats, depth: int | None
    ) -> Distributions:
        """Return the distributions of G, as those of G − V with r + γ V(s') − V(s) as rewards."""
        gamma = self.gamma
        surprise = outcomes.reward + gamma * value[outcomes.next_state] - value[outcomes.state]
        size = float(np.abs(outcomes.reward).max()) + 2 * float(np.abs(value).max())
        noise = 8 * UNIT_ROUNDOFF * size
        centred = replace(outcomes, reward=surprise)
        least = (min(0.0, float(surprise.min())) - noise) / (1 - gamma)
        most = (max(0.0, float(surprise.max())) + noise) / (1 - gamma)
        enough = _steps_until(gamma, (self.tol or FINE * (most - least)) / 40, most - least)
        n, going = _unfinished(outcomes, min(enough, depth or enough))
        low, high = np.full(len(value), least), np.full(len(value), most)
        inner_low, inner_high = np.zeros(len(value)), np.zeros(len(value))
        low[-1] = high[-1] = lowest = highest = 0.0
        for _ in range(n):
            low, high = centred.step_of_extremes(low, high, gamma)
            inner_low, inner_high = centred.step_of_extremes(inner_low, inner_high, gamma)
            lowest, highest = min(lowest, inner_low.min()), max(highest, inner_high.max())
        rounded = n * noise
        low, high = low - rounded, high + rounded
        limits = low + value, high + value
        by_atoms = self._discounted_atoms(active, outcomes, limits)
        if by_atoms is not None:
            return by_atoms
        points = self._lattice(centred, n, lowest, highest, noise)
        later = np.append(np.maximum(np.abs(low), np.abs(high))[:-1], 0.0)
        goes_on = going.max() > UNFINISHED
        nothing = later if goes_on else np.zeros(len(later))
        *_, layer = lattice.distributions(repeat(centred, n), gamma, points, nothing, centred=noise)
        unfinished = None if goes_on else going
        of = partial(_of, active, layer, limits, value, unfinished, float(later.max()))
        return Distributions(of, _facts(points) | {"steps": n})

    def _discounted_atoms(
        self, active: Ints, outcomes: PolicyOutcomes, limits: tuple[Floats, Floats]
    ) -> Distributions | None:
        """Return the distributions of G by its different values; None: there are too many."""
        span = float(limits[1].max() - limits[0].min())
        largest = float(np.abs(outcomes.reward).max()) / (1 - self.gamma)
        n = _steps_until(self.gamma, (self.tol or FINE * span) / 40, largest)
        nothing = np.append(np.full(len(active), largest), 0.0)
        try:
            *_, layer = atoms.distributions(repeat(outcomes, n), self.gamma, nothing)
        except enumeration.TooMany:
            return None
        of = partial(_of, active, layer, limits, None, None, 0.0)
        return Distributions(of, {"distribution": "atoms", "span": span, "steps": n})

    def _total(self, weight: Floats, active: Ints, outcomes: PolicyOutcomes) -> Distributions:
        """Return the distributions of the total reward, of games that surely end."""
        size = float(np.abs(outcomes.reward).max())
        model = self.mdp.expected
        inside = np.zeros(self.mdp.n_states, dtype=bool)
        inside[active] = True
        chain = model.induced_by(weight)
        chain = chain.keep(inside[chain.pair_state])
        longest = most_discounted_steps(chain, 1.0)
        low, high = np.zeros(len(active) + 1), np.zeros(len(active) + 1)
        going = np.append(np.ones(len(active)), 0.0)
        lowest = highest = 0.0
        n = 0
        while going.max() > UNFINISHED or going.max() * longest > EARNED_LATER:
            if n >= min(MOST_STEPS, PASSES / len(outcomes.reward)):
                break
            n += 1
            low, high = outcomes.step_of_extremes(low, high, 1.0)
            going = outcomes.unfinished(going)
            lowest, highest = min(lowest, low.min()), max(highest, high.max())
        points = self._lattice(outcomes, n, lowest, highest)
        *_, layer = lattice.distributions(
            repeat(outcomes, n), 1.0, points, np.zeros(len(active) + 1)
        )
        going *= 1 + n * (3 * outcomes.widest + 8) * UNIT_ROUNDOFF
        if (outcomes.reward < 0).any():
            low = np.where(going > 0, -np.inf, low)
        if (outcomes.reward > 0).any():
            high = np.where(going > 0, np.inf, high)
        later = size * longest if going.any() else 0.0
        facts = _facts(points) | {"steps": n, "unfinished": float(going.max())}
        of = partial(_of, active, layer, (low, high), None, going, later)
        return Distributions(of, facts)

    def _most_points(self, outcomes: PolicyOutcomes, steps: int) -> int:
        work = MOST_WORK / (len(outcomes.reward) * steps)
        return int(min(work, MOST_CHANCES / len(outcomes.start)))

    def _refuse_if_below(self, most: int, steps: int) -> None:
        if most < FEWEST_POINTS:
            raise InputError(
                f"the gains over {steps:,} steps have too many different values for --level",
                fix="choose states with --start-only or --states, or a shorter --horizon; or draw "
                "gains: rlcalc simulate MODEL -n 100000 | rlcalc gain - --rows episodes",
            )

    def _lattice(
        self, outcomes: PolicyOutcomes, steps: int, low: float, high: float, noise: float = 0.0
    ) -> Lattice:
        """Return the points for gains between two limits: exact ones, or as fine as time allows.

        Args:
            outcomes: of a step.
            steps: their number.
            low: the least gain, at most 0.
            high: the largest gain, at least 0.
            noise: the rounding of a reward.

        Raises:
            InputError: there are too few.
        """
        gamma, span = self.gamma, high - low
        most = self._most_points(outcomes, steps)
        step = lattice.common_step(outcomes.reward, span, most - 2) if gamma == 1 else None
        if step is not None:
            return Lattice.between(low, high, step, exact=True)
        self._refuse_if_below(most, steps)
        roundings = steps if gamma == 1 else (1 - gamma**steps) / (1 - gamma)
        aim = min(self.tol or math.inf, FINE * span) / roundings
        step = Fraction(max(aim, span / (most - 2), noise, 1e-200))
        return Lattice.between(low, high, step, exact=False)


def _of(
    active: Ints,
    layer: AtomLayer | Layer,
    limits: tuple[Floats, Floats],
    centre: Floats | None,
    going: Floats | None,
    later: float,
    s: int,
) -> GainDistribution:
    """Return the distribution of the gain from a state."""
    i = int(np.searchsorted(active, s))
    if i == len(active) or active[i] != s:
        return NOTHING
    unfinished = 0.0 if going is None else float(going[i])
    return layer.distribution(
        i,
        0.0 if centre is None else float(centre[i]),
        (float(limits[0][i]), float(limits[1][i])),
        unfinished,
        unfinished * later,
    )


def _exact(active: Ints, several: Sequence[GainDistribution]) -> Distributions:
    """Return enumerated distributions, one for each active state."""

    def of(s: int) -> GainDistribution:
        i = int(np.searchsorted(active, s))
        return several[i] if i < len(active) and active[i] == s else NOTHING

    return Distributions(of, {"distribution": "exact"})


def _facts(points: Lattice) -> dict[str, Fact]:
    return {
        "distribution": "lattice",
        "lattice_step": float(points.step),
        "lattice_points": points.size,
        "span": float(points.step * (points.size - 1)),
    }


def _depth(outcomes: PolicyOutcomes) -> int | None:
    """Return the largest number of steps of a game; None: there is none, or it is large."""
    going = np.append(np.ones(outcomes.n_active), 0.0)
    for n in range(int(min(outcomes.n_active + 1, PASSES / 10 / len(outcomes.reward)))):
        if not going.any():
            return n
        going = outcomes.combined(np.maximum, going[outcomes.next_state])
    return None


def _unfinished(outcomes: PolicyOutcomes, most: int) -> tuple[int, Floats]:
    """Return a number of steps, and [A + 1] the chance that a game goes on after them.

    Args:
        outcomes: of a step.
        most: the largest number; fewer are enough if hardly any game goes on.
    """
    going, n = np.append(np.ones(outcomes.n_active), 0.0), 0
    while n < most and going.max() > UNFINISHED:
        going, n = outcomes.unfinished(going), n + 1
    return n, going * (1 + n * (3 * outcomes.widest + 8) * UNIT_ROUNDOFF)


def _steps_until(gamma: float, small: float, size: float) -> int:
    """Return the number of steps after which γ^n · size is small."""
    if gamma == 0 or size <= small:
        return 1
    return max(1, math.ceil(math.log(small / size) / math.log(gamma)))

"""Enumeration: the distribution of the gain in exact fractions, equal gains counted together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from rlcalc.numerics.fractions import fraction
from rlcalc.solvers.returns.distribution import GainDistribution
from rlcalc.solvers.returns.outcomes import PolicyOutcomes

MOST_ADDED = 10_000
"""Gains that are added up one by one; a thousand of them take 10 to 30 ms."""
Chances = dict[Fraction, Fraction]


class TooMany(Exception):
    """More gains than are enumerated."""


def distributions(
    steps: Iterable[PolicyOutcomes], gamma: float, *, until_settled: bool
) -> Iterator[list[GainDistribution]]:
    """Yield the distributions of the gain of 1, 2, ... steps, from each active state and the end.

        P_n(G = r + γ x | s) = Σ π(a|s) P(s', r|s, a) P_{n−1}(G = x | s')

    Args:
        steps: the outcomes with 1, 2, ... steps to go.
        gamma: 0..1.
        until_settled: whether to end where another step changes nothing.

    Raises:
        TooMany: there are too many gains.

    Source: Bellemare, Dabney & Rowland (2023), Distributional reinforcement learning, section 2.7.
    """
    nothing: Chances = {Fraction(0): Fraction(1)}
    chances: list[Chances] = []
    added, discount, of = 0, fraction(gamma), None
    for outcomes in steps:
        if outcomes is not of:
            if len(outcomes.reward) > MOST_ADDED // 4:
                raise TooMany
            of, exact = outcomes, _exact_outcomes(outcomes)
        before = chances or [nothing] * (outcomes.n_active + 1)
        added += sum(len(before[after]) for several in exact for after, _, _ in several)
        if added > MOST_ADDED:
            raise TooMany
        chances = [_one_step(several, before, discount) for several in exact] + [nothing]
        if until_settled and chances == before:
            return
        yield [_distribution(one) for one in chances]


def _one_step(
    several: list[tuple[int, Fraction, Fraction]], before: list[Chances], discount: Fraction
) -> Chances:
    merged: Chances = defaultdict(Fraction)
    for after, probability, reward in several:
        for gain, chance in before[after].items():
            merged[reward + discount * gain] += probability * chance
    return merged


def _exact_outcomes(outcomes: PolicyOutcomes) -> list[list[tuple[int, Fraction, Fraction]]]:
    """Return the next state, the chance and the reward of the outcomes of each active state.

    Decimals are meant as they are written; those of a pair, and of a policy, sum to 1 exactly.
    """
    chance = [fraction(p) for p in outcomes.chance.tolist()]
    share = [fraction(p) for p in outcomes.share.tolist()]
    of_pair: dict[int, Fraction] = defaultdict(Fraction)
    for k, p in zip(outcomes.pair.tolist(), chance, strict=True):
        of_pair[k] += p
    first = np.flatnonzero(np.diff(outcomes.pair, prepend=-1))
    of_state: dict[int, Fraction] = defaultdict(Fraction)
    state = outcomes.state.tolist()
    for i in first.tolist():
        of_state[state[i]] += share[i]
    exact: list[list[tuple[int, Fraction, Fraction]]] = [[] for _ in range(outcomes.n_active)]
    for i, (s, k) in enumerate(zip(state, outcomes.pair.tolist(), strict=True)):
        probability = share[i] / of_state[s] * chance[i] / of_pair[k]
        exact[s].append((int(outcomes.next_state[i]), probability, fraction(outcomes.reward[i])))
    return exact


def _distribution(chances: Chances) -> GainDistribution:
    gains = sorted(chances)
    value, probability = np.empty(len(gains), dtype=object), np.empty(len(gains), dtype=object)
    value[:] = gains
    probability[:] = [chances[gain] for gain in gains]
    return GainDistribution(value, probability, lowest=float(gains[0]), highest=float(gains[-1]))

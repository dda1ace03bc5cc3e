"""A world of 2 states and 3 steps: every trajectory, in fractions, with its exact chance."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

import rlcalc
from rlcalc import Trajectories

Step = tuple[int, int, Fraction]
P = {(0, 0): Fraction(1, 3), (0, 1): Fraction(3, 4), (1, 0): Fraction(1, 2), (1, 1): Fraction(1, 5)}
"""The probability that state 0 follows."""
REWARD = {(0, 0): Fraction(1), (0, 1): Fraction(-2), (1, 0): Fraction(3), (1, 1): Fraction(1, 2)}
B = {0: [Fraction(1, 4), Fraction(3, 4)], 1: [Fraction(2, 5), Fraction(3, 5)]}
PI = {0: [Fraction(4, 5), Fraction(1, 5)], 1: [Fraction(1, 3), Fraction(2, 3)]}
Q = {0: {0: 0.7, 1: -1.3}, 1: {0: 2.0, 1: 0.1}}
GAMMA = Fraction(1, 2)


def trajectories(n: int) -> Iterator[tuple[list[Step], Fraction]]:
    """Every trajectory of n steps from state 0, with its probability under b."""
    for actions in product((0, 1), repeat=n):
        for later in product((0, 1), repeat=n - 1):
            states, chance = (0, *later), Fraction(1)
            for t, (s, a) in enumerate(zip(states, actions, strict=True)):
                chance *= B[s][a]
                if t < n - 1:
                    chance *= P[s, a] if states[t + 1] == 0 else 1 - P[s, a]
            yield [(s, a, REWARD[s, a]) for s, a in zip(states, actions, strict=True)], chance


def value(n: int, state: int = 0) -> Fraction:
    """V of π with n steps to go, by backward induction."""
    if n == 0:
        return Fraction(0)
    return sum(
        (
            PI[state][a]
            * (
                REWARD[state, a]
                + GAMMA * (P[state, a] * value(n - 1, 0) + (1 - P[state, a]) * value(n - 1, 1))
            )
            for a in (0, 1)
        ),
        Fraction(0),
    )


def policy(table: dict[int, list[Fraction]]) -> dict[int, dict[int, float]]:
    return {s: {a: float(p) for a, p in enumerate(row)} for s, row in table.items()}


def as_log(several: list[list[Step]]) -> Trajectories:
    s, a, r = zip(*(step for steps in several for step in steps), strict=True)
    return Trajectories.from_arrays(
        s, a, [float(x) for x in r], length=[len(steps) for steps in several],
        terminated=[True] * len(several),
        behaviour_prob=[float(B[x][y]) for x, y in zip(s, a, strict=True)],
    )  # fmt: skip


def test_is_pdis_and_dr_are_unbiased() -> None:
    """Σ_τ b(τ) X(τ) = V^π, and the mean weight is 1: for any Q̂ here, and without rounding of b."""
    every = list(trajectories(3))
    chance = np.array([float(p) for _, p in every])
    rows = rlcalc.evaluate(
        as_log([steps for steps, _ in every]), policy=policy(PI), gamma=0.5, value=Q,
        method="is,pdis,dr", rows="episodes",
    )  # fmt: skip

    assert sum(p for _, p in every) == 1
    for name in ("pdis", "dr"):
        assert float(chance @ rows[name]) == pytest.approx(float(value(3)), abs=1e-12)
    assert float(chance @ (rows["weight"] * rows["gain"])) == pytest.approx(
        float(value(3)), abs=1e-12
    )
    assert float(chance @ rows["weight"]) == pytest.approx(1, abs=1e-12)
    assert float(chance @ rows["is"]) == pytest.approx(float(value(3)), abs=1e-12)


def exact_weight(steps: list[Step]) -> Fraction:
    weight = Fraction(1)
    for s, a, _ in steps:
        weight *= PI[s][a] / B[s][a]
    return weight


def test_wis_has_its_exact_bias() -> None:
    """Two episodes of two steps: the expectation over all 64 pairs, once in fractions."""
    every = list(trajectories(2))
    bias, mean = Fraction(0), 0.0
    for one, p in every:
        for two, q in every:
            weights = [exact_weight(one), exact_weight(two)]
            gains = [x[0][2] + GAMMA * x[1][2] for x in (one, two)]
            total = sum((w * g for w, g in zip(weights, gains, strict=True)), Fraction(0))
            bias += p * q * total / sum(weights, Fraction(0))
            answer = rlcalc.evaluate(
                as_log([one, two]),
                policy=policy(PI),
                gamma=0.5,
                method="wis",
                jobs=1,
            )
            mean += float(p * q) * answer["value"][0]

    assert mean == pytest.approx(float(bias), abs=1e-12)
    assert abs(float(bias - value(2))) > 0.01  # so it is not unbiased

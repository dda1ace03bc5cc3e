"""The parts of the variance of the gain: by enumeration in fractions, by solve, by simulation."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc import MDP

F = Fraction
PARTS = ("variance_policy", "variance_environment", "variance_start")
WORLD: dict[str, dict[str, list[tuple[str, Fraction, int]]]] = {
    "a": {"x": [("b", F(1, 2), 1), ("b", F(1, 4), 5), ("c", F(1, 4), 0)], "y": [("c", F(1), 2)]},
    "b": {"x": [("c", F(1, 3), -1), ("d", F(2, 3), 4)], "y": [("d", F(1), 0)]},
    "c": {"x": [("d", F(1), 3)], "y": [("d", F(1, 2), 0), ("d", F(1, 2), 8)]},
}
POLICY = {"a": F(1, 4), "b": F(2, 3), "c": F(1, 2)}  # of x
START = {"a": F(2, 3), "b": F(1, 3)}


def mdp() -> MDP:
    states, actions = list("abcd"), list("xy")
    rows = [
        (states.index(s), actions.index(a), states.index(t), float(p), r)
        for s, of in WORLD.items() for a, outcomes in of.items() for t, p, r in outcomes
    ]  # fmt: skip
    world = MDP.from_rows(
        *zip(*rows, strict=True), states=rlcalc.Labels(states), actions=rlcalc.Labels(actions)
    )
    start = np.array([float(START.get(s, F(0))) for s in states])
    return MDP(**{**vars(world), "start": start})


def mean(s: str, gamma: Fraction) -> Fraction:
    """V by enumeration of all that can follow."""
    return sum((pi * q(s, a, gamma) for a, pi in choices(s)), F(0))


def choices(s: str) -> list[tuple[str, Fraction]]:
    return [] if s == "d" else [("x", POLICY[s]), ("y", 1 - POLICY[s])]


def q(s: str, a: str, gamma: Fraction) -> Fraction:
    return sum((p * (r + gamma * mean(t, gamma)) for t, p, r in WORLD[s][a]), F(0))


def parts(s: str, gamma: Fraction) -> tuple[Fraction, Fraction]:
    """What the policy and the environment add from a state on: sums of squared surprises."""
    policy = environment = F(0)
    for a, pi in choices(s):
        policy += pi * (q(s, a, gamma) - mean(s, gamma)) ** 2
        for t, p, r in WORLD[s][a]:
            environment += pi * p * (r + gamma * mean(t, gamma) - q(s, a, gamma)) ** 2
            later = parts(t, gamma)
            policy += pi * p * gamma**2 * later[0]
            environment += pi * p * gamma**2 * later[1]
    return policy, environment


def gains(s: str, gamma: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    """Every trajectory from a state: its probability and its gain."""
    if s == "d":
        yield F(1), F(0)
    for a, pi in choices(s):
        for t, p, r in WORLD[s][a]:
            for chance, gain in gains(t, gamma):
                yield pi * p * chance, r + gamma * gain


@pytest.mark.parametrize("gamma", [F(1), F(1, 2), F(0)])
def test_the_parts_are_those_of_all_trajectories(gamma: Fraction) -> None:
    every = [(w * p, g) for s, w in START.items() for p, g in gains(s, gamma)]
    whole = sum(p * g * g for p, g in every) - sum(p * g for p, g in every) ** 2
    j = sum(w * mean(s, gamma) for s, w in START.items())
    of_start = sum(w * (mean(s, gamma) - j) ** 2 for s, w in START.items())
    expected = [sum(w * parts(s, gamma)[i] for s, w in START.items()) for i in (0, 1)]
    policy = {s: {"x": float(p), "y": float(1 - p)} for s, p in POLICY.items()}
    facts = rlcalc.model(mdp(), policy=policy, gamma=float(gamma)).facts

    assert whole == sum(expected) + of_start  # the three add up, in fractions
    assert facts["variance_of_gain"] == pytest.approx(float(whole), abs=1e-12)
    assert [facts[name] for name in PARTS] == pytest.approx(
        [*map(float, expected), float(of_start)], abs=1e-12
    )


@st.composite
def worlds(draw: st.DrawFn) -> MDP:
    """Three states with loops and a terminal one; rewards are random too."""
    rows: list[tuple[int, int, int, float, float]] = []
    for s in range(3):
        for a in range(draw(st.integers(1, 2))):
            targets = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
            weights = [draw(st.integers(1, 4)) for _ in targets]
            rows += [
                (s, a, t, w / sum(weights), draw(st.integers(-5, 5)))
                for t, w in zip(targets, weights, strict=True)
            ]
    world = MDP.from_rows(*zip(*rows, strict=True), states=rlcalc.Labels("0123"))
    weights = np.array([draw(st.integers(1, 5)) for _ in range(3)] + [0.0])
    return MDP(**{**vars(world), "start": weights / weights.sum()})


@given(worlds(), st.sampled_from([0.0, 0.4, 0.95]))
def test_they_add_up_to_the_variance_that_solve_proves(world: MDP, gamma: float) -> None:
    """By another route: the second moment's own equation."""
    facts = rlcalc.model(world, policy="uniform", gamma=gamma).facts
    whole = rlcalc.solve(world, policy="uniform", gamma=gamma, rows="return").facts
    expected: Any = whole["start_variance"]

    assert facts["variance_of_gain"] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert sum(facts[name] for name in PARTS) == pytest.approx(expected, rel=1e-9, abs=1e-9)  # type: ignore[misc]


@given(worlds())
def test_a_certain_policy_adds_nothing(world: MDP) -> None:
    chosen = np.zeros(world.n_pairs)
    chosen[world.pair_start[:-1][~world.expected.terminal]] = 1
    facts = rlcalc.model(world, policy=rlcalc.Policy(chosen, "first"), gamma=0.9).facts

    assert facts["variance_policy"] == 0


def test_it_is_the_variance_of_simulated_gains() -> None:
    facts = rlcalc.model("student", policy="uniform").facts
    log = rlcalc.simulate("student", 20_000, policy="uniform", seed=7)
    gain = rlcalc.gain(log, rows="episodes")["gain"]
    apart = (gain - gain.mean()) ** 2
    error = apart.std() / np.sqrt(len(gain))

    assert abs(apart.mean() - facts["variance_of_gain"]) < 4 * error


def test_states_that_go_on_for_ever_without_rewards_add_nothing() -> None:
    """At γ = 1 their system has no solution, and nothing is to be solved there."""
    world = MDP.from_rows([0, 0, 1], [0, 0, 0], [1, 1, 1], [0.5, 0.5, 1], [0, 2, 0])
    whole = MDP(**{**vars(world), "start": np.array([1.0, 0.0])})

    assert rlcalc.model(whole, gamma=1.0).facts["variance_environment"] == 1

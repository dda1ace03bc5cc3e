"""Exact surrogates, against the sum over every trajectory."""

import math
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.environments import load
from rlcalc.numerics.arrays import Floats
from rlcalc.simulation.play import prepare_play
from rlcalc.simulation.request import PlayRequest


def every_end(
    mdp: rlcalc.MDP, weight: Floats, state: int, gamma: float
) -> list[tuple[float, float, float]]:
    """P(τ), Σ_t log π(a_t|s_t) and G(τ) of each trajectory from a state of a world that ends."""
    found = []
    for k in range(mdp.pair_start[state], mdp.pair_start[state + 1]):
        for i in range(mdp.outcome_start[k], mdp.outcome_start[k + 1]):
            p, r = weight[k] * mdp.probability[i], float(mdp.reward[i])
            for chance, log, gain in every_end(mdp, weight, int(mdp.next_state[i]), gamma):
                found.append((p * chance, math.log(weight[k]) + log, r + gamma * gain))
    return found or [(1.0, 0.0, 0.0)]


@pytest.mark.parametrize("name", ["random-reward-chain", "language", "rifle-bad-both"])
@pytest.mark.parametrize("baseline", ["none", "value"])
def test_the_exact_surrogate_of_whole_trajectories_is_their_sum(name: str, baseline: str) -> None:
    """E[Σ_t log π (G − b)] over every trajectory there is, against two linear systems."""
    gamma = 0.7
    how: Any = {"policy": "softmax:1", "gamma": gamma, "seed": 1, "baseline": baseline}
    facts: Any = rlcalc.gradient(name, 50, **how).facts
    mdp = load.load_mdp(name)
    play = prepare_play(mdp, PlayRequest(1, "softmax:1", None, None, 1, gamma))
    total = 0.0
    assert mdp.start is not None
    for state in np.flatnonzero(mdp.start):
        ends = every_end(mdp, play.policy.weight, int(state), gamma)
        value = sum(p * gain for p, _, gain in ends) if baseline == "value" else 0.0
        total += mdp.start[state] * sum(p * log * (gain - value) for p, log, gain in ends)

    assert facts["surrogate_exact"]["trajectory"] == pytest.approx(total, rel=1e-9, abs=1e-12)


def test_the_surrogate_of_trajectories_that_never_end_is_left_out() -> None:
    facts: Any = rlcalc.gradient("two-rooms", 20, gamma=0.5, seed=1, max_steps=5).facts

    assert set(facts["surrogate_exact"]) == {"gain", "q", "advantage"}

"""Worlds of known values, each with a behaviour and a target policy, for coverage."""

from dataclasses import dataclass, replace

import numpy as np

import rlcalc
from rlcalc import MDP, Trajectories

Table = dict[str, dict[str, float]]


@dataclass(frozen=True)
class World:
    model: MDP
    behaviour: Table
    target: Table
    gamma: float

    @property
    def value(self) -> float:
        """V of the target policy from the start."""
        solved = rlcalc.solve(self.model, policy=self.target, gamma=self.gamma)
        return float(solved.fact("start_value"))

    def play(self, episodes: int, seed: int) -> Trajectories:
        """Episodes of the behaviour policy, with its probabilities."""
        how = {"policy": self.behaviour, "gamma": self.gamma, "seed": seed}
        return rlcalc.simulate(self.model, episodes, with_prob=True, **how).whole()


def everywhere(states: int, chances: list[float]) -> Table:
    return {str(s): {str(a): p for a, p in enumerate(chances)} for s in range(states)}


def loops() -> World:
    """Four states that lead to each other, 10 steps long, with a random reward a move."""
    rng = np.random.default_rng(4)
    rows = []
    for s in range(4):
        for a in range(2):
            chance = np.append(0.9 * rng.dirichlet(np.ones(4)), 0.1)
            rows += [(s, a, t, chance[t], rng.normal()) for t in range(5)]
    mdp = MDP.from_rows(*zip(*rows, strict=True))
    mdp = replace(mdp, start=np.array([0.25] * 4 + [0.0]))
    return World(mdp, everywhere(4, [0.5, 0.5]), everywhere(4, [0.7, 0.3]), 0.95)


def heavy() -> World:
    """Eight places in a row: the target goes right far more often, so E[ρ²] is 81."""
    rows: list[tuple[int, int, int, float, float]] = []
    for s in range(7):
        rows += [(s, 0, s + 1, 0.8, 1.0), (s, 0, 8, 0.2, 0.0)]
        rows += [(s, 1, s + 1, 0.5, 0.0), (s, 1, 8, 0.5, 0.5)]
    rows += [(7, 0, 8, 1.0, 5.0), (7, 1, 8, 1.0, 0.0)]
    mdp = replace(MDP.from_rows(*zip(*rows, strict=True)), start=np.eye(9)[0])
    return World(mdp, everywhere(8, [0.4, 0.6]), everywhere(8, [0.9, 0.1]), 1.0)


def rare() -> World:
    """Nearly unsupported: the behaviour takes an action once in 33 steps, the target in 2."""
    rng = np.random.default_rng(9)
    rows = []
    for s in range(3):
        for a in range(3):
            chance = np.append(0.7 * rng.dirichlet(np.ones(3)), 0.3)
            rows += [(s, a, t, chance[t], float(np.round(rng.normal() + a, 1))) for t in range(4)]
    mdp = MDP.from_rows(*zip(*rows, strict=True))
    mdp = replace(mdp, start=np.array([1 / 3] * 3 + [0.0]))
    return World(mdp, everywhere(3, [0.57, 0.4, 0.03]), everywhere(3, [0.3, 0.2, 0.5]), 0.9)


def bandit() -> World:
    """Five contexts and four actions, with rewards of 0 and 1, in episodes of one step."""
    rows = []
    for s in range(5):
        for a in range(4):
            p = 0.1 + 0.2 * a * (s % 2 == 0) + 0.05 * s * (a == 1)
            rows += [(s, a, 5, p, 1.0), (s, a, 5, 1 - p, 0.0)]
    mdp = MDP.from_rows(*zip(*rows, strict=True))
    mdp = replace(mdp, start=np.array([0.2] * 5 + [0.0]))
    return World(mdp, everywhere(5, [0.4, 0.3, 0.2, 0.1]), everywhere(5, [0.1, 0.1, 0.2, 0.6]), 1.0)

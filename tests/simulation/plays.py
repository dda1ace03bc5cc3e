"""Plays of small models, for the tests of the simulation."""

from dataclasses import replace

import numpy as np

from rlcalc import MDP
from rlcalc.simulation.play import Play, prepare_play
from rlcalc.simulation.request import PlayRequest
from rlcalc.simulation.sampler import Simulation

TWO = {(0, 0): [(1, 0.25, 1.0), (0, 0.75, 0.0)], (0, 1): [(1, 1.0, 2.0)]}  # state 1 ends


def played(
    mdp: MDP, n: int, max_steps: int | None = None, seed: int = 1, **request: object
) -> Play:
    start = np.where(mdp.expected.terminal, 0.0, 1.0)
    world = replace(mdp, start=start / start.sum()) if mdp.start is None else mdp
    return prepare_play(world, PlayRequest(n, max_steps=max_steps, seed=seed, **request))  # type: ignore[arg-type]


def simulation(mdp: MDP, n: int, max_steps: int | None = None, seed: int = 1) -> Simulation:
    found = played(mdp, n, max_steps, seed).simulation
    assert found
    return found

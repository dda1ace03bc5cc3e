"""Numbers that no action exceeds: a proof of the total reward in large models.

If u ≥ r + P u for every pair, then V ≤ u. Values v of an optimal policy nearly do this, but for
what rounding leaves over where actions tie. Steps w that lead down by 1 whichever of the tied
actions is taken make up for it: u = v + ε w, with an ε as small as the rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rlcalc.expected import Expected
from rlcalc.solvers import automatic
from rlcalc.solvers.bounds import up
from rlcalc.solvers.components import end_components
from rlcalc.solvers.problem import Problem
from rlcalc.trajectories import Floats

MOST_SWEEPS = 100_000
MOST_ROUNDS = 40
"""How often a proof takes in more actions, of those that nearly tie."""
ROUGHLY = 0.25
"""What may be left over of w = 1 + P w: any w that leads down will do."""


@dataclass(frozen=True)
class Proof:
    """Values, and how far they can be from the answer; infinitely, if nothing is proven."""

    value: Floats  # [S]
    bound: float


def prove(model: Expected, value: Floats, jobs: int | None = None) -> Proof:
    """Return values near some others, whose distance from the largest total reward is proven.

    Values are refined first until only rounding is left over: the less that is, the fewer actions
    tie, and the sooner w is found, beginning with the steps of the best policy alone.

    Args:
        model: in which a policy that never ends loses without limit (see `stops`).
        value: [S] whose best policy ends.
        jobs: threads.
    """
    steps = _steps(model.only(model.greedy(model.action_value(value, 1.0))), None, jobs)
    goal = noise_of_backup(model, value)
    value = automatic.solve(Problem(model, 1.0, goal, MOST_SWEEPS, value, jobs))[0].value
    q = model.action_value(value, 1.0)
    noise = noise_of_backup(model, value)
    left = float(np.abs(model.best(q) - value).max()) + noise
    gap = value[model.pair_state] - q
    tied = gap <= 4 * left
    for _ in range(MOST_ROUNDS):
        part = model.keep(tied)
        if end_components(part, np.ones(part.n_pairs, dtype=bool)).count:
            break  # one can go round and lose no more than rounding
        steps = _steps(part, steps, jobs)
        nearer = sure(part, steps)
        if nearer <= 0:
            break
        epsilon = 1.1 * left / nearer
        upper = value + epsilon * steps
        slack = upper[model.pair_state] - model.action_value(upper, 1.0)
        margin = noise_of_backup(model, upper)
        if (slack >= margin).all():
            return Proof(value, up(epsilon * float(steps.max())) + noise)
        narrow = (slack < margin + gap / 2) & ~tied
        if not narrow.any():
            break
        tied |= narrow
    return Proof(value, np.inf)


def _steps(model: Expected, near: Floats | None, jobs: int | None) -> Floats:
    """Return the most steps that the actions of a model can take to its end, roughly."""
    one = replace(model, reward=np.ones(model.n_pairs), largest_reward=1.0)
    return automatic.solve(Problem(one, 1.0, ROUGHLY, MOST_SWEEPS, near, jobs), 0)[0].value


def sure(model: Expected, steps: Floats) -> float:
    """Return the least that w − P w can be: above 0 it proves that all policies end."""
    moved = (steps[model.pair_state] + model.reward - model.action_value(steps, 1.0)).min()
    nearer: float = moved - noise_of_backup(model, steps)
    return nearer


def noise_of_backup(model: Expected, value: Floats) -> float:
    """Return a bound on the rounding in the difference of values and their backup."""
    return model.rounding(value, 1.0) + model.noise(value)

"""Average reward: the gain g of a unichain model, and its bias, what a state earns beyond it.

g + h(s) = max_a [ r(s,a) + Σ_s' P(s'|s,a) h(s') ]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError, listed
from rlcalc.expected import UNIT_ROUNDOFF, Expected
from rlcalc.solvers import linear
from rlcalc.solvers.components import Predecessors, distances, end_components
from rlcalc.solvers.problem import Iteration
from rlcalc.solvers.stops import Names
from rlcalc.trajectories import Floats, Ints

DAMPING = 0.5
"""Chance of staying that breaks periods: sweeps of h ← (h + Th)/2 settle where those of T cycle."""


@dataclass(frozen=True)
class Average:
    """What was found: |gain − g| ≤ bound, and the bias whose long-run mean is 0."""

    gain: float
    bound: float
    bias: Floats  # [S]
    iterations: int


def solve(
    model: Expected, names: Names, tol: float, max_iterations: int, trace: list[Iteration]
) -> Average:
    """Return the largest gain, between bounds that hold for any h, and the bias.

        min(Th − h)  ≤  g  ≤  max(Th − h)

    Sweeps come near; then policies are improved from there with exact evaluation.

    Raises:
        InputError: the best policy has several closed sets of states, each with its own gain.

    Source: Puterman (1994), sections 8.5 and 8.6; Odoni (1969) for the bounds.
    """
    h = np.zeros(model.n_states)
    sweeps = 0
    while sweeps < min(SWEEPS, max_iterations):
        change = model.best(model.action_value(h, 1.0)) - h
        h = h + DAMPING * change
        h -= h[0] if not model.terminal.any() else 0.0
        sweeps += 1
        if float(change.max() - change.min()) <= tol:
            break
    chosen = model.greedy(model.action_value(h, 1.0))
    inner = ~model.terminal
    iterations = 0
    while iterations < max_iterations:
        iterations += 1
        chosen = _gathered(model, chosen)
        _, following = evaluate(model, chosen, names)
        moved = float(np.abs(following - h).max())
        h = following
        q = model.action_value(h, 1.0)
        change = model.best(q) - h
        error = model.rounding(h, 1.0) + 4 * UNIT_ROUNDOFF * float(np.abs(h).max())
        least, most = float(change.min()) - error, float(change.max()) + error
        trace.append(Iteration(sweeps + iterations, moved, (most - least) / 2))
        better = np.flatnonzero(inner)[model.best(q)[inner] > q[chosen[inner]] + 4 * error]
        if not len(better):
            break
        chosen[better] = model.greedy(q)[better]
    return Average((least + most) / 2, (most - least) / 2, h, sweeps + iterations)


SWEEPS = 200


def _gathered(model: Expected, chosen: Ints) -> Ints:
    """Return the policy that leads to the best of its closed sets from wherever that can be.

    Where it has one closed set, it is returned as it is.
    """
    chain = model.only(chosen)
    closed = [states for states in _closed(chain) if not chain.terminal[states[0]]]
    if len(closed) + chain.terminal.any() < 2 or max(map(len, closed), default=0) > linear.DENSE:
        return chosen
    gains = [_gain(chain, states) for states in closed]
    if chain.terminal.any() and max(gains) < 0:
        goal = chain.terminal
    else:
        goal = np.isin(np.arange(model.n_states), closed[int(np.argmax(gains))])
    steps = distances(model, Predecessors.of(model), goal)
    if (steps < 0).any():
        return chosen
    nearest = np.minimum.reduceat(steps[model.next_state], model.outcome_start[:-1])
    nearer = np.flatnonzero(nearest == steps[model.pair_state] - 1)
    leading = chosen.copy()
    leading[model.pair_state[nearer[::-1]]] = nearer[::-1]
    return np.where(goal, chosen, leading)


def _gain(chain: Expected, states: Ints) -> float:
    """Return the average reward of a closed set of a chain."""
    n = len(states)
    number = np.full(chain.n_states, -1)
    number[states] = np.arange(n)
    pair = chain.pair_start[states]
    matrix = np.zeros((n, n))
    for i, k in enumerate(pair):
        outcome = slice(chain.outcome_start[k], chain.outcome_start[k + 1])
        np.add.at(matrix[i], number[chain.next_state[outcome]], chain.probability[outcome])
    system = np.eye(n) - matrix.T
    system[0] = 1.0
    share = np.linalg.solve(system, np.eye(n)[0])
    return float(share @ chain.reward[pair])


def evaluate(model: Expected, chosen: Ints, names: Names) -> tuple[float, Floats]:
    """Return the gain and the bias of a policy with one closed set of states.

    The bias is 0 on average in the long run. With a state z of the closed set as the end,
    v = r + P v and w = 1 + P w are what is earned, and how long it takes, on the way back to it:
    g = v/w over one round, and h = v − g w up to a constant.

    Raises:
        InputError: there are several closed sets.
    """
    chain = model.only(chosen)
    closed = _closed(chain)
    if len(closed) > 1:
        several = [listed(names(states), most=3, total=len(states)) for states in closed[:3]]
        raise InputError(
            f"this model is not unichain: a best policy can stay for ever in any of "
            f"{len(closed):,} sets of states, each with its own gain",
            "; ".join(several),
            "say --gamma 0.99 instead of --criterion average",
        )
    if chain.terminal.any():
        both = linear.system(chain, 1.0, chain.reward[:, None])
        return 0.0, both[:, 0]
    z = int(closed[0][0])
    earned = np.stack([chain.reward, np.ones(chain.n_pairs)], axis=1)
    ahead = linear.system(_ending_in(chain, z), 1.0, np.delete(earned, z, axis=0))
    v, w = ahead[:, 0], ahead[:, 1]
    around = chain.action_value(v, 1.0)[z], 1.0 + (chain.action_value(w, 1.0)[z] - chain.reward[z])
    gain = float(around[0] / around[1])
    bias = v - gain * w
    return gain, bias - stationary(chain, z) @ bias


def stationary(chain: Expected, z: int) -> Floats:
    """Return how much of the time a chain is in each state, from one closed set around z."""
    n = chain.n_states
    matrix = np.zeros((n, n)) if n <= linear.DENSE else None
    if matrix is None:
        import scipy.sparse as sparse
        from scipy.sparse.linalg import splu

        p = sparse.csr_matrix((chain.probability, chain.next_state, chain.outcome_start), (n, n))
        system = (sparse.eye(n) - p.T).tolil()
        system[z] = 1.0
        unit = np.zeros(n)
        unit[z] = 1.0
        return np.asarray(splu(system.tocsc()).solve(unit))
    row = np.repeat(np.arange(n), np.diff(chain.outcome_start))
    np.add.at(matrix, (chain.next_state, row), -chain.probability)
    matrix += np.eye(n)
    matrix[z] = 1.0
    unit = np.zeros(n)
    unit[z] = 1.0
    return np.linalg.solve(matrix, unit).astype(np.float64)


def _ending_in(chain: Expected, z: int) -> Expected:
    """Return a chain without terminal states in which z is one."""
    length = np.diff(chain.outcome_start)
    kept = np.ones(chain.n_states, dtype=bool)
    kept[z] = False
    outcome = np.repeat(kept, length)
    return Expected(
        pair_start=np.concatenate([[0], np.cumsum(kept)]),
        outcome_start=np.concatenate([[0], np.cumsum(length[kept])]),
        next_state=chain.next_state[outcome],
        probability=chain.probability[outcome],
        reward=chain.reward[kept],
        largest_reward=chain.largest_reward,
    )


def _closed(chain: Expected) -> list[Ints]:
    """Return the closed sets of a chain; all its terminal states count as one."""
    found = end_components(chain, np.ones(chain.n_pairs, dtype=bool))
    sets = [np.flatnonzero(found.number == number) for number in range(min(found.count, 4))]
    return ([np.flatnonzero(chain.terminal)] if chain.terminal.any() else []) + sets

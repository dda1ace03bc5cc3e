"""Models to measure solvers on: random and structured, large and small, by one call each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from tests.solvers.models import open_map, slippery_lake


def garnet(n_states: int, n_actions: int = 4, n_outcomes: int = 5, seed: int = 0) -> MDP:
    """A number of outcomes each, uniformly at random; nothing ends."""
    rng = np.random.default_rng(seed)
    k = n_actions * n_states
    probability = rng.random((k, n_outcomes)) + 1e-3
    probability /= probability.sum(axis=1, keepdims=True)
    pair = np.repeat(np.arange(k, dtype=np.int32), n_outcomes)
    return MDP.from_rows(
        pair // n_actions,
        pair % n_actions,
        rng.integers(0, n_states, n_outcomes * k, dtype=np.int32),
        probability.reshape(-1),
        rng.random(k)[pair],
    )


def walled_grid(n: int) -> MDP:
    """n × n cells, a tenth of them walls; slips to either side with a tenth; a step costs 1."""
    free = np.random.default_rng(1).random((n, n)) >= 0.1
    free[0, :] = free[:, -1] = True
    y, x = np.nonzero(free)
    number = np.full((n, n), -1)
    number[y, x] = np.arange(len(y))
    goal = number[-1, -1]
    here = np.arange(len(y))
    rows = []
    for a in range(4):
        for turn, p in ((0, 0.8), (-1, 0.1), (1, 0.1)):
            dy, dx = ((0, -1), (1, 0), (0, 1), (-1, 0))[(a + turn) % 4]
            to = number[np.clip(y + dy, 0, n - 1), np.clip(x + dx, 0, n - 1)]
            rows.append((here, a, np.where(to < 0, here, to), p))
    s, action, after, chance = (
        np.concatenate([np.broadcast_to(row[i], len(here)) for row in rows]) for i in range(4)
    )
    live = s != goal
    return MDP.from_rows(s[live], action[live], after[live], chance[live], -np.ones(live.sum()))


def inventory(capacity: int = 3_000, n_orders: int = 20, n_demands: int = 100) -> MDP:
    """Stock up to a capacity; orders in lots; sales earn 1, a lot costs, stock costs a little.

    The reward differs by the demand, so by outcome.
    """
    demand = np.arange(n_demands)
    chance = 0.97**demand
    chance /= chance.sum()
    stock, order, sold = np.meshgrid(
        np.arange(capacity), np.arange(n_orders), demand, indexing="ij", sparse=True
    )
    full = np.minimum(stock + 10 * order, capacity - 1)
    after = np.maximum(full - sold, 0)
    reward = (full - after) - 0.6 * (full - stock) - 2.0 * (order > 0) - 0.002 * full
    shape = after.shape
    flat = [np.broadcast_to(part, shape).reshape(-1) for part in (stock, order, after, chance)]
    return MDP.from_rows(*flat, reward.reshape(-1))


def chained_components(n_components: int, size: int = 10) -> MDP:
    """Strongly connected components in a row; one action of the last state leads on to the next."""
    rng = np.random.default_rng(2)
    n, width = n_components * size, 3
    pair = np.repeat(np.arange(2 * n), width)
    state = pair // 2
    after = state // size * size + rng.integers(0, size, len(pair))
    first = np.arange(len(pair)) % width == 0
    around = state // size * size + (state % size + 1) % size
    after = np.where(first & (pair % 2 == 0), around, after)
    onward = first & (pair % 2 == 1) & (state % size == size - 1)
    after = np.where(onward, np.minimum(state + 1, n - 1), after)
    chance = rng.random((2 * n, width)) + 0.1
    chance /= chance.sum(axis=1, keepdims=True)
    return MDP.from_rows(state, pair % 2, after, chance.reshape(-1), rng.random(2 * n)[pair])


def two_queues(n: int) -> MDP:
    """Two queues shorter than n and one server, who serves either; who waits costs 1 a step."""
    x, y = (part.reshape(-1) for part in np.divmod(np.arange(n * n), n))
    here = np.arange(n * n)
    rows = []
    for a in range(2):
        steps = (0.25, 1, 0), (0.2, 0, 1), (0.55, -(a == 0), -(a == 1))
        for chance, dx, dy in steps:
            to = np.clip(x + dx, 0, n - 1) * n + np.clip(y + dy, 0, n - 1)
            rows.append((here, a, to, chance))
    s, action, after, p = (
        np.concatenate([np.broadcast_to(row[i], n * n) for row in rows]) for i in range(4)
    )
    return MDP.from_rows(s, action, after, p, -(x + y)[s] / n)


def tree(depth: int) -> MDP:
    """A binary tree: both actions lead down, to either child with chances; leaves end."""
    rng = np.random.default_rng(3)
    inner = 2**depth - 1
    pair = np.repeat(np.arange(2 * inner), 2)
    state = pair // 2
    after = 2 * state + 1 + np.arange(len(pair)) % 2
    p = rng.random(2 * inner)
    chance = np.stack([p, 1 - p], axis=1).reshape(-1)
    return MDP.from_rows(state, pair % 2, after, chance, rng.random(2 * inner)[pair])


def slow_ring(n: int) -> MDP:
    """n states on a ring: a step leads to the next one, or stays where it is; it mixes slowly."""
    rng = np.random.default_rng(4)
    pair = np.repeat(np.arange(2 * n), 2)
    state = pair // 2
    stays = np.arange(len(pair)) % 2 == 1
    after = np.where(stays, state, (state + 1) % n)
    slow = np.where(pair % 2 == 0, 0.001, 0.5)
    chance = np.where(stays, slow, 1 - slow)
    return MDP.from_rows(state, pair % 2, after, chance, rng.random(2 * n)[pair])


@dataclass(frozen=True)
class Case:
    """A model to solve, and how often."""

    make: Callable[[], MDP]
    gamma: float = 0.99
    runs: int = 3


TABLE: dict[str, Case] = {
    "grid, 20 x 20, gamma 1": Case(lambda: walled_grid(20), 1.0, 9),
    "lake, 25 x 25": Case(lambda: slippery_lake(25), runs=9),
    "inventory, 3,000 x 20 x 100": Case(inventory, runs=5),
    "3,000 chained components": Case(lambda: chained_components(3_000), runs=5),
    "30,000 chained components": Case(lambda: chained_components(30_000)),
    "two queues, 500 x 500": Case(lambda: two_queues(500)),
    "1,000 states x 1,000 actions": Case(lambda: garnet(1_000, 1_000, 3), runs=5),
    "tree, 524,287 states": Case(lambda: tree(18), runs=5),
    "ring, 20,000 states": Case(lambda: slow_ring(20_000)),
    "random, 100,000": Case(lambda: garnet(100_000), runs=5),
    "random, 1,000,000": Case(lambda: garnet(1_000_000), runs=1),
    "lake, 1,000 x 1,000": Case(lambda: slippery_lake(1_000), runs=1),
    "grid, 1,000 x 1,000": Case(lambda: open_map(1_000), runs=1),
}
"""The models of the table, and large ones whose times must not grow."""


def with_loops(mdp: MDP) -> tuple[Ints, Ints, Ints, Floats, Floats]:
    """State, outcome offsets, next state, P and r of the pairs, grouped by state.

    Those of terminal states are added: to stay there, for nothing.
    """
    model = mdp.expected
    live = np.diff(model.pair_start)
    ends = model.terminal
    n_pairs = np.where(ends, 1, live)
    state = np.repeat(np.arange(model.n_states), n_pairs)
    is_loop = ends[state]
    length = np.ones(len(state), dtype=np.int64)
    length[~is_loop] = np.diff(model.outcome_start)
    start = np.concatenate([[0], np.cumsum(length)])
    loops = np.repeat(is_loop, length)
    after = np.repeat(state, length)
    after[~loops] = model.next_state
    chance = np.ones(len(after))
    chance[~loops] = model.probability
    reward = np.zeros(len(state))
    reward[~is_loop] = model.reward
    return state, start, after, chance, reward

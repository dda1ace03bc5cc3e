"""Models for tests: drawn by hypothesis, generated at random, and solved another way."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from rlcalc.labels import Labels
from rlcalc.mdp import MDP

Floats = NDArray[np.float64]


def mdp_of(outcomes: dict[tuple[int, int], list[tuple[int, float, float]]], n_states: int) -> MDP:
    """(state, action) → [(next state, probability, reward), ...], as a model."""
    rows = [
        (s, a, s2, p, r) for (s, a), several in sorted(outcomes.items()) for s2, p, r in several
    ]
    s, a, s2, p, r = (np.array(column) for column in zip(*rows, strict=True))
    return MDP.from_rows(
        s,
        a,
        s2,
        p,
        r,
        Labels(map(str, range(n_states))),
        Labels(map(str, range(int(a.max()) + 1))),
    )


@st.composite
def models(draw: st.DrawFn, terminal: bool = True) -> MDP:
    """Small models with eighths as probabilities, so that their sums are exact."""
    n = draw(st.integers(1, 5))
    rewards = st.integers(-4, 4).map(float)
    outcomes: dict[tuple[int, int], list[tuple[int, float, float]]] = {}
    for s in range(n):
        ends = terminal and s == n - 1 and n > 1
        for a in range(0 if ends else draw(st.integers(1, 3))):
            cuts = sorted(draw(st.lists(st.integers(1, 7), max_size=2, unique=True)))
            parts = np.diff([0, *cuts, 8]) / 8
            outcomes[s, a] = [(draw(st.integers(0, n - 1)), float(p), draw(rewards)) for p in parts]
    return mdp_of(outcomes, n)


def random_model(
    rng: np.random.Generator, n_states: int = 10, n_actions: int = 3, branching: int = 3
) -> MDP:
    """A random model: each pair leads to some states, with probabilities as a broken stick."""
    k = n_states * n_actions
    probability = rng.dirichlet(np.ones(branching), k).reshape(-1)
    pair = np.repeat(np.arange(k), branching)
    return MDP.from_rows(
        (pair // n_actions),
        (pair % n_actions),
        rng.integers(0, n_states, k * branching),
        probability,
        rng.normal(size=k * branching),
        Labels(map(str, range(n_states))),
        Labels(map(str, range(n_actions))),
    )


def two_ladders(n: int, left: float = 0.7) -> MDP:
    """From the middle one goes to a ladder of n rungs, left with this chance, and falls back from
    each rung with a half; above the left ladder 1 is won. So the value of the middle is `left`, and
    one takes some 2^n steps.

    Source: Haddad & Monmege (2018), where interval iteration stops too early.
    """
    end = 2 * n + 1
    outcomes = {(0, 0): [(1, left, 0.0), (n + 1, 1 - left, 0.0)]}
    for rung in range(1, end):
        above = rung + 1 if rung not in (n, 2 * n) else end
        outcomes[rung, 0] = [(above, 0.5, float(rung == n)), (0, 0.5, 0.0)]
    return mdp_of(outcomes, end + 1)


def chained_components(rng: np.random.Generator, sizes: list[int], ends: bool = False) -> MDP:
    """Components of these sizes, each of which leads to the next one; 2 actions with 3 outcomes.

    In a component every state leads to the next one, so that it is strongly connected.

    Args:
        rng: for the chances and rewards, and for where in a component one arrives.
        sizes: of the components.
        ends: whether the last component leads to an end, else back into itself.
    """
    first = np.append(0, np.cumsum(sizes))
    component = np.repeat(np.arange(len(sizes)), sizes)
    state = np.repeat(np.arange(first[-1]), 6)
    inside, size = component[state], np.array(sizes)[component[state]]
    after_next = np.minimum(inside + 1, len(sizes) if ends else len(sizes) - 1)
    leave = first[after_next] + rng.integers(0, np.append(sizes, 1)[after_next])
    within = [
        first[inside] + (state - first[inside] + 1) % size,
        first[inside] + rng.integers(size),
    ]
    probability = rng.dirichlet([5, 5, 1], 2 * first[-1]).reshape(-1)
    reward = np.repeat(rng.normal(size=2 * first[-1]), 3)
    after = np.choose(np.tile([0, 1, 2], 2 * first[-1]), [*within, leave])
    return MDP.from_rows(state, np.tile([0, 0, 0, 1, 1, 1], first[-1]), after, probability, reward)


def slippery_lake(n: int, seed: int = 0, corridor: bool = True) -> MDP:
    """n × n cells, a fifth of them holes, slips to either side with a third each; the goal is 1.

    The corridor along two sides has no holes: on it one reaches the goal surely, and with gamma = 1
    that is best, although it takes a number of steps that is exponential in n.
    """
    hole = np.random.default_rng(seed).random((n, n)) < 0.2
    if corridor:
        hole[:2, :] = hole[:, -2:] = False
    ends = hole.reshape(-1)
    ends[-1] = True
    return _cells(ends, {-1: 1 / 3, 0: 1 / 3, 1: 1 / 3}, lambda after: (after == n * n - 1) * 1.0)


def open_map(n: int) -> MDP:
    """n × n cells, slips to either side with a tenth each; a step costs 1, the last cell ends."""
    return _cells(
        np.arange(n * n) == n * n - 1, {0: 0.8, -1: 0.1, 1: 0.1}, lambda after: after * 0 - 1.0
    )


def _cells(ends: Any, slips: dict[int, float], reward: Callable[[Any], Any]) -> MDP:
    """A square of cells: an action goes left, down, right or up, or slips by quarter turns."""
    n = math.isqrt(len(ends))
    cell = np.flatnonzero(~ends)
    y, x = np.divmod(cell, n)
    moves = [(0, -1), (1, 0), (0, 1), (-1, 0)]
    to = [np.clip(y + dy, 0, n - 1) * n + np.clip(x + dx, 0, n - 1) for dy, dx in moves]
    parts = [(cell, a, to[(a + turn) % 4], p) for a in range(4) for turn, p in slips.items()]
    state, action, after, probability = (
        np.concatenate([np.broadcast_to(part[i], len(cell)) for part in parts]) for i in range(4)
    )
    return MDP.from_rows(state, action, after, probability, reward(after))


def dense(mdp: MDP) -> tuple[Floats, Floats]:
    """P[k, s'] and r[k] of the pairs, by plain loops."""
    p = np.zeros((mdp.n_pairs, mdp.n_states))
    r = np.zeros(mdp.n_pairs)
    for k in range(mdp.n_pairs):
        for i in range(mdp.outcome_start[k], mdp.outcome_start[k + 1]):
            p[k, mdp.next_state[i]] += mdp.probability[i]
            r[k] += mdp.probability[i] * mdp.reward[i]
    return p, r


def value_of(mdp: MDP, weight: Floats, gamma: float) -> Floats:
    """(I − γ P_π) v = r_π, dense; terminal states have rows of zeros."""
    p, r = dense(mdp)
    state = np.repeat(np.arange(mdp.n_states), np.diff(mdp.pair_start))
    mixed, earned = np.zeros((mdp.n_states, mdp.n_states)), np.zeros(mdp.n_states)
    np.add.at(mixed, state, weight[:, None] * p)
    np.add.at(earned, state, weight * r)
    value: Floats = np.linalg.solve(np.eye(mdp.n_states) - gamma * mixed, earned)
    return value


def best_of_all_policies(mdp: MDP, gamma: float) -> Floats:
    """The optimum by enumeration of every deterministic policy."""
    choices = [
        list(range(mdp.pair_start[s], mdp.pair_start[s + 1])) or [None] for s in range(mdp.n_states)
    ]
    best = np.full(mdp.n_states, -np.inf)
    for pairs in product(*choices):
        weight = np.zeros(mdp.n_pairs)
        weight[[k for k in pairs if k is not None]] = 1.0
        best = np.maximum(best, value_of(mdp, weight, gamma))
    return best


def best_total_of_all_policies(mdp: MDP) -> Floats:
    """The largest total reward, by enumeration of the deterministic policies.

    A policy has none from where it may come into a closed set of states that does not earn
    nothing at each step.
    """
    p, r = dense(mdp)
    n = mdp.n_states
    choices = [list(range(mdp.pair_start[s], mdp.pair_start[s + 1])) or [None] for s in range(n)]
    best = np.full(n, -np.inf)
    for pairs in product(*choices):
        chain = np.array([np.zeros(n) if k is None else p[k] for k in pairs])
        earned = np.array([0.0 if k is None else r[k] for k in pairs])
        reach = np.linalg.matrix_power(np.eye(n) + chain, n) > 0  # s leads to s'
        terminal = chain.sum(axis=1) == 0
        closed = [not terminal[s] and (reach[s] <= reach[:, s]).all() for s in range(n)]
        restless = np.array([closed[s] and (earned[reach[s]] != 0).any() for s in range(n)])
        fine = ~(reach & restless[None, :]).any(axis=1)
        inner = fine & ~np.array(closed)
        value = np.where(fine, 0.0, -np.inf)
        part = np.eye(inner.sum()) - chain[np.ix_(inner, inner)]
        value[inner] = np.linalg.solve(part, earned[inner])
        best = np.maximum(best, value)
    return best


def linear_program(mdp: MDP, gamma: float) -> Floats:
    """The least v with v ≥ r + γ P v, by HiGHS."""
    p, r = dense(mdp)
    here = np.zeros_like(p)
    here[np.arange(mdp.n_pairs), np.repeat(np.arange(mdp.n_states), np.diff(mdp.pair_start))] = 1
    bounds = [
        (None, None) if mdp.pair_start[s] < mdp.pair_start[s + 1] else (0, 0)
        for s in range(mdp.n_states)
    ]
    answer: Any = linprog(np.ones(mdp.n_states), A_ub=gamma * p - here, b_ub=-r, bounds=bounds)
    value: Floats = answer.x
    return value


def by_state(mdp: MDP, result: Any, column: str = "v") -> Floats:
    """A column of a result, one entry a state; 0 in terminal states."""
    value = np.zeros(mdp.n_states)
    value[np.repeat(np.arange(mdp.n_states), np.diff(mdp.pair_start))] = result[column]
    return value


def decimal(number: float) -> Fraction:
    return Fraction(repr(number))

"""Which visits count: the steps of a piece as clusters, one for each key and trajectory.

A key is a state, or a state-action pair. Clusters stand in the order of their keys, and under one
key in the order of their trajectories. A sort finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlcalc.trajectories import Codes, Flags, Floats, Ints, Trajectories

Visit = Literal["first", "every"]

ACTION_BITS = 32
"""A pair's key is the state's number in the high bits and the action's number in the low ones."""


@dataclass(frozen=True)
class Clusters:
    """The visits that count, of T steps to K keys, as C clusters in the order of the keys."""

    edge: Ints  # [K + 1] where each key's clusters begin
    total: Floats  # [C] the sum of the gains of a cluster's visits
    size: Ints | None  # [C] how many those are; None: one each
    first_step: Ints  # [C] the first step of each
    order: Ints  # [T] the steps, cluster by cluster
    number: Ints  # [T] the cluster of each step, in that order

    def of_step(self) -> Ints:
        """Return [T] the cluster that each step is in, in the steps' own order."""
        cluster = np.empty(len(self.order), dtype=np.int64)
        cluster[self.order] = self.number
        return cluster


@dataclass(frozen=True)
class Visits:
    """The clusters of K states and of P state-action pairs, which lie within them."""

    state_key: Ints  # [K] rising
    states: Clusters
    pair_key: Ints  # [P] rising
    pairs: Clusters
    partner: Ints  # [clusters of pairs] the cluster of the same state and trajectory
    steps: Ints  # [P] all steps of a pair, whether or not they count


def visits_of(batch: Trajectories, gain: Floats, visit: Visit) -> Visits:
    """Return the visits of some trajectories that count, with the gains from them."""
    state, state_key = dense(batch.state, len(batch.states))
    action, action_key = dense(batch.action, len(batch.actions))
    pair, place = dense(state * len(action_key) + action, len(state_key) * len(action_key))
    pair_key = state_key[place // len(action_key)] << ACTION_BITS
    pair_key |= action_key[place % len(action_key)]
    states = clusters_of(state, len(state_key), batch, gain, visit)
    pairs = clusters_of(pair, len(pair_key), batch, gain, visit)
    partner = states.of_step().take(pairs.first_step)
    return Visits(state_key, states, pair_key, pairs, partner, np.bincount(pair))


def clusters_of(
    key: Ints, n_keys: int, batch: Trajectories, gain: Floats, visit: Visit
) -> Clusters:
    """Return the clusters of steps with these keys, by a sort that keeps the order in time.

    `take` and `flatnonzero` let other threads work meanwhile; indexing with an array does not.

    Args:
        key: [T] from 0 to n_keys − 1, each of which occurs.
        n_keys: K.
        batch: whose steps they are.
        gain: [T] G_t.
        visit: which visits of a trajectory count.
    """
    order = stable_order(key, n_keys)
    ordered, trajectory = key.take(order), batch.trajectory.astype(np.int32).take(order)
    new_key = changes(ordered)
    begins = new_key.copy()
    begins[1:] |= trajectory[1:] != trajectory[:-1]
    first = np.flatnonzero(begins)
    size = np.diff(np.append(first, len(key)))
    number = np.repeat(np.arange(len(first)), size)
    first_step = order.take(first)
    edge = np.append(number.take(np.flatnonzero(new_key)), len(first))
    if visit == "first":
        return Clusters(edge, gain.take(first_step), None, first_step, order, number)
    total: Floats = np.bincount(number, gain.take(order), len(first)).astype(np.float64)
    return Clusters(edge, total, size, first_step, order, number)


def changes(values: NDArray[Any]) -> Flags:
    """Return [N] whether a value differs from the one before; the first does."""
    differs = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs


def dense(code: Ints | Codes, n: int) -> tuple[Ints, Ints]:
    """Return the same codes counted from 0 without gaps, and the codes that the new ones stand for.

    Args:
        code: [T] at least 0 and below `n`.
        n: how many codes there could be.
    """
    if n <= 4 * len(code) + 64:
        used = np.bincount(code, minlength=n) > 0
        if used.all():
            return code.astype(np.int64), np.arange(n)
        key = np.flatnonzero(used)
        return (np.cumsum(used) - 1)[code], key
    order = stable_order(code, n)
    ordered = code[order]
    new = changes(ordered)
    number = np.empty(len(code), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return number, ordered[new].astype(np.int64)


def stable_order(key: Ints | Codes, n: int) -> Ints:
    """Return the order that sorts keys below `n` and leaves equal ones as they are.

    By 16 bits at a time, the lowest first: those numpy sorts by radix, five times as fast as it
    sorts whole numbers.
    """
    order: Ints = np.argsort(key.astype(np.uint16), kind="stable")
    shift = 16
    while max(n - 1, 0) >> shift:
        digit = (key >> shift).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
        shift += 16
    return order

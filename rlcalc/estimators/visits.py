"""Visits: the steps of a piece in clusters, one for each key and trajectory.

A key is a state, or a state-action pair. Clusters stand in the order of their keys, and under one
key in the order of their trajectories. A sort finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints, differs_from_previous, stable_order
from rlcalc.trajectories import Trajectories

Visit = Literal["first", "every"]

ACTION_BITS = 32
"""A pair's key is the state's number in the high bits and the action's number in the low ones."""


@dataclass(frozen=True)
class Clusters:
    """The visits that count to K keys, in C clusters in the order of the keys."""

    edge: Ints  # [K + 1] where each key's clusters begin
    total: Floats  # [C] the sum of the gains of a cluster's visits
    size: Floats | None  # [C] the number of those visits, as float64; None: one each


@dataclass(frozen=True)
class Visits:
    """The clusters of K states and of P state-action pairs, which lie within them."""

    state_key: Ints  # [K] rising
    states: Clusters
    first_step: Ints  # [K] the first step that is in the state
    pair_key: Ints  # [P] rising
    pairs: Clusters
    partner: Ints  # [clusters of pairs] the cluster of the same state and trajectory
    steps: Ints  # [P] all steps of a pair, whether or not they count


def state_visits(batch: Trajectories, gain: Floats, visit: Visit) -> tuple[Ints, Clusters, Ints]:
    """Return what `visits_of` returns of states alone: keys, clusters and first steps.

    Args:
        batch: trajectories.
        gain: [T] G_t of their steps.
        visit: whether the first or every visit of a trajectory counts.
    """
    by_state, state, new_state, begins = _by_state(batch)
    states, _ = _clusters(new_state, begins, gain.take(by_state), visit)
    first = np.flatnonzero(new_state)
    return state.take(first).astype(np.int64), states, by_state.take(first)


def visits_of(batch: Trajectories, gain: Floats, visit: Visit) -> Visits:
    """Return the visits that count, with their gains, as clusters.

    Steps are sorted by state, and in that order once more by pair: the visits of a pair and a
    trajectory are then next to each other, and each belongs to visits of its state.
    `take` and `flatnonzero` release the GIL; indexing with an array does not.

    Args:
        batch: trajectories.
        gain: [T] G_t of their steps.
        visit: whether the first or every visit of a trajectory counts.
    """
    by_state, state, new_state, begins = _by_state(batch)
    action, gain = batch.action.take(by_state), gain.take(by_state)
    states, _ = _clusters(new_state, begins, gain, visit)
    first = np.flatnonzero(new_state)

    n_actions = len(batch.actions)
    row: Codes | Ints = np.cumsum(new_state, dtype=np.int32) - 1
    if len(first) * n_actions >= 1 << 31:
        row = row.astype(np.int64)
    pair = row * n_actions + action
    by_pair = stable_order(pair, len(first) * n_actions)
    pair, cluster = pair.take(by_pair), np.cumsum(begins, dtype=np.int32).take(by_pair)
    new_pair = differs_from_previous(pair)
    begins = new_pair | differs_from_previous(cluster)
    pairs, first_of_cluster = _clusters(new_pair, begins, gain.take(by_pair), visit)
    first_of_pair = np.flatnonzero(new_pair)
    place = by_pair.take(first_of_pair)
    return Visits(
        state_key=state.take(first).astype(np.int64),
        states=states,
        first_step=by_state.take(first),
        pair_key=state.take(place).astype(np.int64) << ACTION_BITS | action.take(place),
        pairs=pairs,
        partner=cluster.take(first_of_cluster).astype(np.int64) - 1,
        steps=np.diff(first_of_pair, append=len(pair)),
    )


def _by_state(batch: Trajectories) -> tuple[Ints, Codes, Flags, Flags]:
    """Return the order of steps by state, their states in it, and where states and clusters begin.

    Args:
        batch: trajectories, of T steps.

    Returns:
        [T] each.
    """
    by_state = stable_order(batch.state, len(batch.states))
    state = batch.state.take(by_state)
    trajectory = np.repeat(np.arange(len(batch), dtype=np.int32), batch.length).take(by_state)
    new_state = differs_from_previous(state)
    return by_state, state, new_state, new_state | differs_from_previous(trajectory)


def _clusters(new_key: Flags, begins: Flags, gain: Floats, visit: Visit) -> tuple[Clusters, Ints]:
    """Return the clusters of sorted steps, and the first step of each.

    Args:
        new_key: [T] where a key begins.
        begins: [T] where a cluster begins, in time order.
        gain: [T] of the steps in this order.
        visit: whether the first or every visit of a trajectory counts.
    """
    first = np.flatnonzero(begins)
    edge = np.searchsorted(first, np.append(np.flatnonzero(new_key), len(gain)))
    total = gain.take(first)
    if visit == "first":
        return Clusters(edge, total, None), first
    again = np.flatnonzero(~begins)  # few, where there are many states
    owner = np.cumsum(begins, dtype=np.int32).take(again) - 1
    total += np.bincount(owner, gain.take(again), len(first))
    size = np.ones(len(first))
    size += np.bincount(owner, minlength=len(first))
    return Clusters(edge, total, size), first

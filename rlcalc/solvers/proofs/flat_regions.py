"""Flat regions: a proof where values are equal over states that one may wander in for very long.

Where an agent can go round for 10^15 steps at no cost before it ends, a residual of a single
rounding adds up to more than any bound. But there values are equal, and wandering changes nothing.

A pair is flat if its reward is 0 and its outcomes have nearly the value of its state. States that
flat pairs join are a region. In the quotient Q each region is one state with the pairs of its
states that are not flat: values u of Q with u ≥ r + P u are such values of the model too, since a
flat pair leads from u to the same u. So V ≤ u, and Q has none of the long ways. From below, a
policy that takes one of the nearly best actions, the one with the shortest way to the end, has a
value that V is not less than.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.reachability import distances, never_ending
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints, gather_ranges
from rlcalc.solvers.methods import linear
from rlcalc.solvers.proofs.entrywise import value_by_elimination
from rlcalc.solvers.proofs.macqueen import rounded_up

Prove = Callable[[ExpectedMDP, Floats, float], tuple[Floats, float]]
"""From a model, values and the requested bound to values and their proven bound."""

SHARE = 1 / 10
"""The part of the requested bound that the policy may lose, if it loses it once in each state."""
NEAR = (1e-4, 1e-6, 1e-2)
"""Differences of values that count as none, relative to the requested bound: what they cost shows
in the distance between the values of Q and of the policy."""
MOST_ROUNDS = 30


def prove_by_regions(
    model: ExpectedMDP, value: Floats, goal: float, prove: Prove
) -> tuple[Floats, float]:
    """Return values near some others, and their proven distance from the largest total reward.

    Args:
        model: in which a policy that never ends loses without limit.
        value: [S] nearly the largest total reward.
        goal: the requested bound.
        prove: the proof that is used of the quotient and of the policy.

    Returns:
        The values of a policy; the bound is infinite where nothing is proven.
    """
    near = SHARE * goal / model.n_states
    chain = model.only(short_policy(model, value, near))
    low, below = linear.solve_system(chain, 1.0, chain.reward[:, None])[:, 0], np.inf
    if np.isfinite(low).all():
        low, below = prove(chain, low, goal / 3)
    if not below <= goal / 2:
        low, below = value_by_elimination(chain)
    if not below < np.inf:
        return value, np.inf
    if chain.n_pairs == model.n_pairs:  # there is no other policy
        return low, below
    bound = np.inf
    for share in NEAR:
        region, quotient = quotient_by_regions(model, flat_pairs(model, value, share * goal))
        most = np.full(quotient.n_states, -np.inf)
        np.maximum.at(most, region, value)
        high, above = prove(quotient, most, goal / 3)
        gap = max(float((high[region] - low).max(initial=0.0)), 0.0)
        bound = min(bound, rounded_up(gap + above + below))
        if bound <= goal:
            break
    return low, bound


def flat_pairs(model: ExpectedMDP, value: Floats, near: float) -> Flags:
    """Return [K] which pairs cost nothing and lead to nearly the same value, and to no end."""
    owner = np.repeat(model.pair_state, np.diff(model.outcome_start))
    steep = np.abs(value[model.next_state] - value[owner]) > near
    steep |= model.terminal[model.next_state]
    flat: Flags = ~np.logical_or.reduceat(steep, model.outcome_start[:-1]) & (model.reward == 0)
    return flat


def quotient_by_regions(model: ExpectedMDP, flat: Flags) -> tuple[Ints, ExpectedMDP]:
    """Return the region of each state, and the model of regions without free pairs inside them.

    Args:
        model: any.
        flat: [K] the pairs that join their state and their outcomes.
    """
    owner = np.repeat(model.pair_state, np.diff(model.outcome_start))
    joins = np.repeat(flat, np.diff(model.outcome_start))
    region = _joined(model.n_states, owner[joins], model.next_state[joins])
    leaves = np.logical_or.reduceat(
        region[model.next_state] != region[owner], model.outcome_start[:-1]
    )
    kept = np.flatnonzero(leaves | (model.reward != 0))
    order = kept[np.argsort(region[model.pair_state[kept]], kind="stable")]
    outcome_start, outcome = gather_ranges(model.outcome_start, order)
    count = np.bincount(region[model.pair_state[order]], minlength=int(region.max(initial=-1)) + 1)
    quotient = replace(
        model,
        pair_start=np.concatenate([[0], np.cumsum(count)]),
        outcome_start=outcome_start,
        next_state=region[model.next_state[outcome]].astype(np.int32),
        probability=model.probability[outcome],
        reward=model.reward[order],
    )
    return region, quotient


def _joined(n_states: int, one: Ints | Codes, other: Ints | Codes) -> Ints:
    """Return [S] the number of each state's region, where some states are joined in pairs."""
    least = np.arange(n_states)
    while True:
        following = least.copy()
        np.minimum.at(following, one, least[other])
        np.minimum.at(following, other, least[one])
        following = following[following]
        if np.array_equal(following, least):
            return np.unique(least, return_inverse=True)[1].reshape(-1)
        least = following


def short_policy(model: ExpectedMDP, value: Floats, near: float) -> Ints:
    """Return the policy that takes nearly best actions and ends in the fewest steps.

    Args:
        model: any.
        value: [S].
        near: how much less than the best an action may be worth.

    Source: policy iteration for n = 1 + P n, least steps, among the nearly best pairs.
    """
    q = model.action_value(value, 1.0)
    good = q >= model.best(q)[model.pair_state] - near
    best = model.keep(good)
    number = np.flatnonzero(good)
    steps = distances(best, best.terminal)
    if (steps < 0).any():
        return model.greedy(q)
    ahead, behind = (
        steps[best.next_state],
        np.repeat(steps[best.pair_state], np.diff(best.outcome_start)),
    )
    nearer = np.add.reduceat(best.probability * (ahead < behind), best.outcome_start[:-1])
    chosen = best.greedy(nearer)
    one = replace(best, reward=-np.ones(best.n_pairs), largest_reward=1.0)
    for _ in range(MOST_ROUNDS):
        chain = one.only(chosen)
        length = linear.solve_system(chain, 1.0, chain.reward[:, None])[:, 0]
        if not np.isfinite(length).all() or len(never_ending(chain)):
            break
        ahead_length = one.action_value(length, 1.0)
        greedy, inner = one.greedy(ahead_length), ~one.terminal
        gain = one.best(ahead_length)[inner] - ahead_length[chosen[inner]]
        better = np.flatnonzero(inner)[gain > 1e-9 * np.abs(length).max(initial=1.0)]
        if not len(better):
            break
        chosen = chosen.copy()
        chosen[better] = greedy[better]
    return np.where(chosen >= 0, number[chosen], -1)

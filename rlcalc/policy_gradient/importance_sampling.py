"""Importance sampling: the ratios of two policies, their products, and the weighted gain."""

from __future__ import annotations

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.traces import TOGETHER
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.probabilities import impossible
from rlcalc.trajectories import Trajectories


def importance_ratios(piece: Trajectories, weight: Floats) -> Floats | None:
    """Return [T] ρ_t = π(a_t|s_t) / b(a_t|s_t), or None if the policy itself was followed.

    Where data have no `behaviour_prob`, b is the exponential of their `log_prob`: the probability
    under the policy that acted, which need no longer be π.

    Args:
        piece: episodes, perhaps with the probabilities of their actions.
        weight: [T] π(a_t|s_t).

    Raises:
        InputError: a probability is missing, or is not above 0 and at most 1.
    """
    behaviour_prob = piece.behaviour_prob
    if behaviour_prob is None:
        if piece.log_prob is None:
            return None
        behaviour_prob = np.exp(piece.log_prob)
    wrong = np.isnan(behaviour_prob) | impossible(behaviour_prob)
    if wrong.any():
        chance = behaviour_prob[wrong][0]
        raise InputError(
            "a step lacks the probability of its action"
            if np.isnan(chance)
            else f"the probability of a step's action is {chance:g}",
            fix="give probabilities above 0 and at most 1; leave the column out if the policy "
            "itself was followed",
        )
    return weight / behaviour_prob


def cumulative_ratios(ratio: Floats, start: Ints) -> Floats:
    """Return [T] ρ_{1:t} = Π_{i≤t} ρ_i, within each episode.

    Args:
        ratio: [T] ρ_t.
        start: [E + 1] offsets of the episodes.
    """
    product = ratio.copy()
    together, alone = _paths(start)
    for earlier, later in together:
        product[later] *= product[earlier]
    for first, last in alone:
        np.cumprod(product[first:last], out=product[first:last])
    return product


def weighted_gain(reward: Floats, ratio: Floats, start: Ints, gamma: float) -> Floats:
    """Return [T] the importance-weighted gain: the policy's expected gain after each step.

        G'_t = r_t + γ ρ_{t+1} G'_{t+1}          (so G'_t = Σ_{i≥t} γ^{i−t} ρ_{t+1:i} r_i)

    A reward is weighted by the steps before it, and not by those after it.

    Args:
        reward: [T] r_t.
        ratio: [T] ρ_t.
        start: [E + 1] offsets of the episodes.
        gamma: 0..1 a step.

    Source: Precup, Sutton & Singh (2000): per-decision importance sampling.
    """
    gain = reward.copy()
    together, alone = _paths(start)
    for first, last in alone:
        ahead, weight, backwards = 0.0, 0.0, []
        steps = reward[first:last].tolist(), ratio[first:last].tolist()
        for r, rho in zip(*map(reversed, steps), strict=True):
            ahead, weight = r + gamma * weight * ahead, rho
            backwards.append(ahead)
        gain[first:last] = backwards[::-1]
    for earlier, later in reversed(together):
        gain[earlier] += gamma * ratio[later] * gain[later]
    return gain


def _paths(start: Ints) -> tuple[list[tuple[Ints, Ints]], list[tuple[int, int]]]:
    """Return the order of a recursion over all episodes: together while many run, then one by one.

    Args:
        start: [E + 1] offsets of the episodes.

    Returns:
        The steps t and the steps t + 1 of the episodes that have both, for each t; and the rest
        of the few longest, first : last, which begins with the step that the others ended on.
    """
    order = np.argsort(-np.diff(start), kind="stable")
    first, length = start[:-1][order], np.diff(start)[order]
    enough = int(length[TOGETHER - 1]) if len(length) >= TOGETHER else 1
    together = []
    for t in range(1, enough):
        at = first[: np.searchsorted(-length, -t, side="left")] + t
        together.append((at - 1, at))
    longer = length > enough
    begin = (first + enough - 1)[longer].tolist()
    return together, [*zip(begin, (first + length)[longer].tolist(), strict=True)]

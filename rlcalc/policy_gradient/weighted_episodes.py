"""Episodes as a policy sees them: which pairs, how discounted, and with what weight."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlcalc.errors import InputError, listed, shown
from rlcalc.estimators.gain import discounted_sum
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints, differs_from_previous, stable_order
from rlcalc.policy_gradient.importance_sampling import products, ratios, weighted_gain
from rlcalc.trajectories import Trajectories

CERTAIN = 1e-9
"""What a product of ratios may be off from 1 by rounding."""


@dataclass(frozen=True)
class WeightedEpisodes:
    """T steps of E episodes, and what the policy π makes of them."""

    piece: Trajectories
    pair: Ints  # [T] the state-action pair
    episode: Ints  # [T] the episode
    half: Ints  # [E] 0 or 1, in turns: the halves that judge each other
    decay: Floats  # [T] γ^t, or 1
    total: Floats  # [E] G(τ), as it was earned
    gain: Floats  # [T] G_t, as π would have earned it on average: `importance.weighted_gain`
    ratio: Floats  # [T] ρ_t = π(a_t|s_t) / b(a_t|s_t), 1 if π was followed
    so_far: Floats  # [T] ρ_{1:t}, the product up to t
    whole: Floats  # [E] ρ_{1:n}, of the whole episode

    @property
    def first(self) -> Ints:
        """[E] the first step of each episode."""
        return self.piece.start[:-1]

    @property
    def start(self) -> Ints:
        """[E] the first state of each episode."""
        return self.piece.state[self.first].astype(np.int64)

    @property
    def weighted(self) -> Flags:
        """[E] which episodes another policy played."""
        off = np.abs(self.so_far - 1) > CERTAIN
        return np.bincount(self.episode, off, len(self.piece)) > 0

    def first_visits(self, key: Ints | Codes, n: int) -> Ints:
        """Return the first step of each episode with each key.

        Args:
            key: [T] the number of the step's state, or of its pair.
            n: how many of those there are.
        """
        code = self.episode * n + key
        order = stable_order(code, len(self.piece) * n)
        first: Ints = order.take(np.flatnonzero(differs_from_previous(code.take(order))))
        return first


@dataclass(frozen=True)
class TargetPolicy:
    """The policy whose gradient is asked for, in its model."""

    mdp: MDP
    weight: Floats  # [K] π(a|s)
    gamma: float
    discount_weight: bool = True  # with the factor γ^t

    @cached_property
    def log_weight(self) -> Floats:
        """[K] log π(a|s), 0 where π is."""
        return np.log(np.where(self.weight > 0, self.weight, 1.0))

    def walk(self, piece: Trajectories, number: int) -> WeightedEpisodes:
        """Return episodes as this policy sees them.

        Args:
            piece: episodes, their states and actions numbered as in the model.
            number: of the first of them.

        Raises:
            InputError: a step does what cannot be done in the model, or has no probability.
        """
        pair, n, start = self.pairs(piece), len(piece), piece.start
        time = np.arange(piece.n_steps) - np.repeat(start[:-1], piece.length)
        gain = discounted_sum(piece.reward, start, self.gamma)
        total = gain[start[:-1]]
        decay = np.power(self.gamma if self.discount_weight else 1.0, time).astype(np.float64)
        ratio = ratios(piece, self.weight[pair])
        if ratio is None:
            ratio = so_far = np.ones(piece.n_steps)
        else:
            so_far = products(ratio, start)
            gain = weighted_gain(piece.reward, ratio, start, self.gamma)
        return WeightedEpisodes(
            piece=piece,
            pair=pair,
            episode=piece.trajectory,
            half=(number + np.arange(n)) % 2,
            decay=decay,
            total=total,
            gain=gain,
            ratio=ratio,
            so_far=so_far,
            whole=so_far[start[1:] - 1],
        )

    def pairs(self, piece: Trajectories) -> Ints:
        """Return [T] the state-action pair of each step.

        Raises:
            InputError: a step does what cannot be done there.
        """
        key, order = self._keys
        asked = piece.state.astype(np.int64) * len(self.mdp.actions) + piece.action
        place = np.minimum(np.searchsorted(key, asked), len(key) - 1)
        wrong = np.flatnonzero(key[place] != asked)
        if len(wrong):
            state, action = int(piece.state[wrong[0]]), int(piece.action[wrong[0]])
            pairs = slice(int(self.mdp.pair_start[state]), int(self.mdp.pair_start[state + 1]))
            there = [self.mdp.actions.texts[a] for a in self.mdp.action[pairs]]
            raise InputError(
                f"there is no action {shown(piece.actions.texts[action])} in state "
                f"{shown(piece.states.texts[state])} of the model",
                fix=f"there are {listed(there)}" if there else "nothing can be done there: it ends",
            )
        return order[place]

    @cached_property
    def _keys(self) -> tuple[Ints, Ints]:
        """What tells state-action pairs apart, rising; and the pair of each."""
        n = len(self.mdp.actions)
        key = self.mdp.expected.pair_state.astype(np.int64) * n + self.mdp.action
        order = np.argsort(key, kind="stable")
        return key[order], order

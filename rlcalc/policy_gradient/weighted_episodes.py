"""Episodes weighted for a target policy: their pairs, discounts, gains and importance ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.estimators.gain import discounted_sum
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints, differs_from_previous, stable_order
from rlcalc.policy_gradient import importance_sampling
from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.trajectories import Trajectories

CERTAIN = 1e-9
"""How far rounding may take a product of ratios from 1."""


@dataclass(frozen=True)
class WeightedEpisodes:
    """T steps of E episodes, with their weights under the policy π."""

    target: TargetPolicy
    piece: Trajectories
    pair: Ints  # [T] the state-action pair
    episode: Ints  # [T] the episode
    half: Ints  # [T] 0 or 1, in turns: the half of the episode
    episode_gain: Floats  # [E] G(τ), as it was earned
    gain: Floats  # [T] G_t, its mean under π: `importance_sampling.weighted_gain`
    importance_ratio: Floats  # [T] ρ_t = π(a_t|s_t) / b(a_t|s_t), 1 if π was followed
    cumulative_ratio: Floats  # [T] ρ_{1:t}, the product up to t
    weight: Floats  # [T] γ^t ρ_{1:t}, or ρ_{1:t} without the factor γ^t
    episode_ratio: Floats  # [E] ρ_{1:n}, of the whole episode

    @classmethod
    def of(cls, target: TargetPolicy, piece: Trajectories, number: int) -> WeightedEpisodes:
        """Return episodes with their weights under a policy.

        Args:
            target: the policy.
            piece: episodes, their states and actions numbered as in the model.
            number: the number of the first episode.

        Raises:
            InputError: a step has an action that its state lacks, or has no probability.
        """
        start, episode = piece.start, piece.trajectory
        time = piece.time_since_start
        pair, gain = target.pairs(piece), discounted_sum(piece.reward, start, target.gamma)
        episode_gain = gain[start[:-1]]
        discount = np.power(target.gamma if target.discount_weight else 1.0, time).astype(
            np.float64
        )
        importance_ratio = importance_sampling.importance_ratios(piece, target.weight[pair])
        if importance_ratio is None:
            importance_ratio = cumulative_ratio = np.ones(piece.n_steps)
        else:
            cumulative_ratio = importance_sampling.cumulative_ratios(importance_ratio, start)
            gain = importance_sampling.weighted_gain(
                piece.reward, importance_ratio, start, target.gamma
            )
        return cls(
            target=target,
            piece=piece,
            pair=pair,
            episode=episode,
            half=(number + episode) % 2,
            episode_gain=episode_gain,
            gain=gain,
            importance_ratio=importance_ratio,
            cumulative_ratio=cumulative_ratio,
            weight=discount * cumulative_ratio,
            episode_ratio=cumulative_ratio[start[1:] - 1],
        )

    @property
    def first(self) -> Ints:
        """[E] the first step of each episode."""
        return self.piece.start[:-1]

    @property
    def start(self) -> Ints:
        """[E] the first state of each episode."""
        return self.piece.state[self.first].astype(np.int64)

    @property
    def off_policy(self) -> Flags:
        """[E] whether another policy acted in the episode."""
        differs = np.abs(self.cumulative_ratio - 1) > CERTAIN
        return np.bincount(self.episode, differs, len(self.piece)) > 0

    def first_visits(self, key: Ints | Codes, n: int) -> Ints:
        """Return the first step of each episode with each key.

        Args:
            key: [T] the number of the step's state, or of its pair.
            n: the number of states, or of pairs.
        """
        code = self.episode * n + key
        order = stable_order(code, len(self.piece) * n)
        return order.take(np.flatnonzero(differs_from_previous(code.take(order))))

"""What a first look at episodes leaves for the second: the means of groups, and a critic.

Everything here is a sum over episodes, so that pieces are looked at by themselves and added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.numerics.moments import merged
from rlcalc.policy_gradient.baseline import StartGroups
from rlcalc.policy_gradient.sums import Sums, quotient, summed
from rlcalc.policy_gradient.weighted_episodes import TargetPolicy, WeightedEpisodes


@dataclass(frozen=True)
class Halves(Sums):
    """Sums over the episodes of each half."""

    times: Floats  # [2, K] episodes in which a pair is met
    gain: Floats  # [2, K] Σ of the gain from the first time on
    state_times: Floats  # [2, S] the same of a state
    state_gain: Floats  # [2, S]
    visits: Floats  # [2, K] Σ_t γ^t ρ_{1:t} over all times

    @classmethod
    def of(cls, walk: WeightedEpisodes, target: TargetPolicy) -> Halves:
        """Return the sums of some episodes."""
        n_pairs, n_states = target.mdp.n_pairs, target.mdp.n_states
        half = walk.half[walk.episode]
        state = half * n_states + walk.piece.state
        pair = half * n_pairs + walk.pair
        one = walk.first_visits(walk.pair, n_pairs)
        of_state = walk.first_visits(walk.piece.state, n_states)
        value = walk.ratio * walk.gain
        return cls(
            summed(pair[one], None, 2 * n_pairs).reshape(2, -1),
            summed(pair[one], walk.gain[one], 2 * n_pairs).reshape(2, -1),
            summed(state[of_state], None, 2 * n_states).reshape(2, -1),
            summed(state[of_state], value[of_state], 2 * n_states).reshape(2, -1),
            summed(pair, walk.decay * walk.so_far, 2 * n_pairs).reshape(2, -1),
        )


Sum = TypeVar("Sum", StartGroups, Halves)


def added(several: Iterable[Sum]) -> Sum:
    """Return the sum of sums, added in their order.

    Raises:
        InputError: there is none.
    """
    total = merged(several)
    if total is None:
        raise InputError("there is no episode to estimate from")
    return total


@dataclass(frozen=True)
class Critic:
    """V and Q as they are told to the episodes of each half."""

    value: Floats  # [2, S]
    action_value: Floats  # [2, K]
    lever: Floats | None = None  # [2, K] None: V and Q are exact
    unsure: Flags | None = None  # [K] the parameters whose error is not known

    @classmethod
    def exact(cls, value: Floats, action_value: Floats) -> Critic:
        """Return a critic that tells everyone the same."""
        return cls(np.stack([value, value]), np.stack([action_value, action_value]))

    @classmethod
    def of(cls, halves: Halves, target: TargetPolicy) -> Critic:
        """Return the critic that tells each half what the other half has seen.

        Q̂ is the mean of the gains from the first time that an episode meets a pair, and no episode
        judges itself, so the estimate Σ_t ∇ log π(a_t|s_t) γ^t Q̂(s_t,a_t) / n stays unbiased
        wherever both halves come. It is linear in Q̂, so that an episode of a half h moves it by

            ∇ log π(a|s) l_h(s,a) (G − Q̂_h(s,a)) / n,   l_h = Σ_other γ^t ρ_{1:t} / N_h

        where Q̂_h is the mean of its own half, N_h the number of episodes that is taken over, and
        the sum goes over the visits of the other half. These moves sum to 0 in each half; added to
        what an episode contributes itself, they make the variance of the contributions hold the
        critic's, and √(N/(N−1)) keeps that unbiased. How V̂ errs does not matter, up to terms of
        the second order: it is taken off Q̂ as a baseline, whose part is 0 on average.

        Args:
            halves: what both halves have seen.
            target: whose values they are.

        Source: Chernozhukov et al. (2018) for halves that judge each other; Newey (1994) for moves.
        """
        value = quotient(halves.state_gain, halves.state_times)[::-1]
        action_value = quotient(halves.gain, halves.times)[::-1]
        other = halves.visits[::-1]
        free = np.maximum(halves.times - 1, 1)
        lever = quotient(other, np.sqrt(np.maximum(halves.times, 1) * free))
        unmet = ((other != 0) & (halves.times < 2)).any(axis=0)
        by_state = np.bincount(target.mdp.expected.pair_state, unmet, target.mdp.n_states) > 0
        return cls(value, action_value, lever, by_state[target.mdp.expected.pair_state])

    def moves(self, walk: WeightedEpisodes) -> Floats:
        """Return [T] l_h (G_t − Q̂_h) on the steps that the critic has learnt from, else 0."""
        assert self.lever is not None
        moves = np.zeros(len(walk.pair))
        at = walk.first_visits(walk.pair, self.action_value.shape[1])
        half, pair = walk.half[walk.episode[at]], walk.pair[at]
        own = self.action_value[1 - half, pair]  # what this half tells the other one
        moves[at] = self.lever[half, pair] * (walk.gain[at] - own)
        return moves

"""The critic: V and Q, exact or estimated by each half of the episodes for the other half.

The estimates are quotients of sums over episodes: pieces are summed by themselves and added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.policy_gradient.sums import Sums, ratio_of_sums, sum_by_key
from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes


@dataclass(frozen=True)
class CriticSums(Sums):
    """Sums over the episodes of each half."""

    count: Floats  # [2, K] episodes in which a pair is met
    gain: Floats  # [2, K] Σ of the gain from the first time on
    state_count: Floats  # [2, S] the same of a state
    state_gain: Floats  # [2, S]
    visits: Floats  # [2, K] Σ_t γ^t ρ_{1:t} over all times

    @classmethod
    def of(cls, episodes: WeightedEpisodes) -> CriticSums:
        """Return the sums of some episodes."""
        mdp = episodes.target.mdp
        n_pairs, n_states = mdp.n_pairs, mdp.n_states
        state = episodes.half * n_states + episodes.piece.state
        pair = episodes.half * n_pairs + episodes.pair
        value = episodes.importance_ratio * episodes.gain

        def by_half(key: Ints, values: Floats | None, n: int) -> Floats:
            return sum_by_key(key, values, 2 * n).reshape(2, n)

        first = episodes.first_visits(episodes.pair, n_pairs)
        first_in_state = episodes.first_visits(episodes.piece.state, n_states)
        return cls(
            by_half(pair[first], None, n_pairs),
            by_half(pair[first], episodes.gain[first], n_pairs),
            by_half(state[first_in_state], None, n_states),
            by_half(state[first_in_state], value[first_in_state], n_states),
            by_half(pair, episodes.weight, n_pairs),
        )


@dataclass(frozen=True)
class Critic:
    """V and Q for the episodes of each half."""

    value: Floats  # [2, S]
    action_value: Floats  # [2, K]
    influence_weight: Floats | None = None  # [2, K] None: V and Q are exact
    unknown_error: Flags | None = None  # [K] the parameters whose error is not known

    @classmethod
    def exact(cls, value: Floats, action_value: Floats) -> Critic:
        """Return a critic with the same values for both halves."""
        return cls(np.stack([value, value]), np.stack([action_value, action_value]))

    @classmethod
    def of(cls, halves: CriticSums, target: TargetPolicy) -> Critic:
        """Return the critic whose values for each half are estimated from the other half.

        Q̂ is the mean of the gains from an episode's first visit to a pair, and no episode
        judges itself, so the estimate Σ_t ∇ log π(a_t|s_t) γ^t Q̂(s_t,a_t) / n stays unbiased
        wherever both halves come. It is linear in Q̂, so that an episode of a half h moves it by

            ∇ log π(a|s) l_h(s,a) (G − Q̂_h(s,a)) / n,   l_h = Σ_other γ^t ρ_{1:t} / N_h

        where Q̂_h is the mean of its own half, N_h the number of episodes that is taken over, and
        the sum goes over the visits of the other half. These moves sum to 0 in each half; added to
        what an episode contributes itself, they make the variance of the contributions hold the
        critic's, and √(N/(N−1)) keeps that unbiased. How V̂ errs does not matter, up to terms of
        the second order: it is taken off Q̂ as a baseline, whose part is 0 on average.

        Args:
            halves: the sums of both halves.
            target: the policy.

        Source: Chernozhukov et al. (2018) for cross-fitting; Newey (1994) for the influence.
        """
        value = ratio_of_sums(halves.state_gain, halves.state_count)[::-1]
        action_value = ratio_of_sums(halves.gain, halves.count)[::-1]
        other = halves.visits[::-1]
        free = np.maximum(halves.count - 1, 1)
        influence_weight = ratio_of_sums(other, np.sqrt(np.maximum(halves.count, 1) * free))
        unmet = ((other != 0) & (halves.count < 2)).any(axis=0)
        by_state = np.bincount(target.mdp.expected.pair_state, unmet, target.mdp.n_states) > 0
        return cls(value, action_value, influence_weight, by_state[target.mdp.expected.pair_state])

    def influence(self, episodes: WeightedEpisodes) -> Floats:
        """Return [T] l_h (G_t − Q̂_h) at first visits, from which the critic is made, else 0."""
        assert self.influence_weight is not None
        influence = np.zeros(len(episodes.pair))
        first_visit = episodes.first_visits(episodes.pair, self.action_value.shape[1])
        half, pair = episodes.half[first_visit], episodes.pair[first_visit]
        own = self.action_value[1 - half, pair]  # the estimate of this half
        influence[first_visit] = self.influence_weight[half, pair] * (
            episodes.gain[first_visit] - own
        )
        return influence

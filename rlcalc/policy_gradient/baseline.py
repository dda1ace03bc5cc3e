"""The baseline `mean`: the mean gain of the episodes that start in the same state."""

from __future__ import annotations

from dataclasses import dataclass

from rlcalc.numerics.arrays import Floats
from rlcalc.policy_gradient.sums import Sums, ratio_of_sums, sum_by_key
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes


@dataclass(frozen=True)
class StartGroups(Sums):
    """Sums over the episodes that begin in each state: a group, as GRPO has one a prompt."""

    episodes: Floats  # [S]
    gain: Floats  # [S] Σ ρ_{1:n} G(τ)
    weight: Floats  # [S] Σ ρ_{1:n}
    step_gain: Floats  # [S] Σ_t γ^t ρ_{1:t} G_t
    step_weight: Floats  # [S] Σ_t γ^t ρ_{1:t}

    @classmethod
    def of(cls, episodes: WeightedEpisodes) -> StartGroups:
        """Return the sums of some episodes."""
        size, begun = episodes.target.mdp.n_states, episodes.start
        return cls(
            sum_by_key(begun, None, size),
            sum_by_key(begun, episodes.episode_ratio * episodes.episode_gain, size),
            sum_by_key(begun, episodes.episode_ratio, size),
            sum_by_key(begun[episodes.episode], episodes.weight * episodes.gain, size),
            sum_by_key(begun[episodes.episode], episodes.weight, size),
        )

    @property
    def mean(self) -> Floats:
        """[S] the mean of G(τ)."""
        return ratio_of_sums(self.gain, self.weight)

    @property
    def step_mean(self) -> Floats:
        """[S] the mean of G_t over all steps, each with the weight γ^t if the gradient has it."""
        return ratio_of_sums(self.step_gain, self.step_weight)

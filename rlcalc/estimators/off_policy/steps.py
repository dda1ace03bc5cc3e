"""Steps weighed by π/b: what the methods of off-policy evaluation compute from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rlcalc.estimators.gain import discounted_sum
from rlcalc.estimators.off_policy.times import TimeSums
from rlcalc.estimators.traces import decayed_sum
from rlcalc.numerics.arrays import Floats, Ints


@dataclass(frozen=True)
class ValuesOfSteps:
    """V̂ and Q̂ of T steps of E episodes, in reward units."""

    value: Floats  # [T] V̂(s_t)
    action_value: Floats  # [T] Q̂(s_t, a_t)
    last_value: Floats  # [E] V̂ of what follows a cut, else 0


@dataclass(frozen=True)
class PairSums:
    """Sums over steps for each of the K pairs of a log; they add up."""

    steps: Floats  # [K]
    chance: Floats  # [K] Σ b(a_t|s_t)
    squares: Floats  # [K] Σ (d π (r + γ V(s') − Q(s,a)))²

    def merge(self, later: PairSums) -> PairSums:
        """Return the sums over both."""
        return PairSums(
            self.steps + later.steps, self.chance + later.chance, self.squares + later.squares
        )


@dataclass(frozen=True)
class EvaluatedSteps:
    """T steps of E episodes with the ratios of two policies, and the values of a model."""

    start: Ints  # [E + 1]
    reward: Floats  # [T] r_t
    tail: Floats  # [E] the gain after the last step, in reward units
    gamma: float
    ratio: Floats  # [T] ρ_t = π(a_t|s_t) / b(a_t|s_t); 1 where no method needs it
    influence: Floats  # [E] Σ_t w(s,a) (r + γ V(s') − Q(s,a)) of the model of all episodes
    first_value: Floats  # [E] V(s_0) of that model, or of Q̂ that is given
    fitted: ValuesOfSteps | None = None  # of the other half of the episodes, or given
    robust: ValuesOfSteps | None = None  # fitted for `mrdr`
    times: TimeSums | None = None  # of all episodes, for `wpdis`
    pairs: PairSums | None = None  # over the steps, by pair

    def within(self, horizon: int) -> EvaluatedSteps:
        """Return the first H steps of each episode; what follows them does not count."""
        length = np.diff(self.start)
        if not len(length) or length.max() < horizon:
            return self
        first, goes_on = self.time < horizon, length < horizon

        def values(of: ValuesOfSteps | None) -> ValuesOfSteps | None:
            if of is None:
                return None
            last = np.where(goes_on, of.last_value, 0.0)
            return ValuesOfSteps(of.value[first], of.action_value[first], last)

        return replace(
            self,
            start=np.concatenate([[0], np.cumsum(np.minimum(length, horizon))]),
            reward=self.reward[first],
            tail=np.where(goes_on, self.tail, 0.0),
            ratio=self.ratio[first],
            fitted=values(self.fitted),
            robust=values(self.robust),
        )

    @cached_property
    def gain(self) -> Floats:
        """[E] the gain of each episode, as it was earned."""
        return discounted_sum(self.reward, self.start, self.gamma, self.tail)[self.start[:-1]]

    @cached_property
    def weight(self) -> Floats:
        """[E] ρ_{0:n}, the product of the ratios of the episode."""
        with np.errstate(over="ignore"):
            product: Floats = np.multiply.reduceat(self.ratio, self.start[:-1])
        return product

    @cached_property
    def weight_of_visits(self) -> Floats:
        """[E] (1 − γ) Σ_t γ^t ρ_{0:t}, in which the last weight stays after the end; mean 1."""
        if self.gamma == 1:
            return self.weight
        return self.backwards((1 - self.gamma) * self.ratio, np.ones(len(self.tail)))

    @cached_property
    def cumulative(self) -> Floats:
        """[T] ρ_{0:t}, the product of the ratios up to the step."""
        n = len(self.ratio)
        back = decayed_sum(
            np.zeros(n), self.ratio[::-1], n - self.start[::-1], np.ones(len(self.tail))
        )
        return back[::-1]

    @property
    def last(self) -> Ints:
        """[E] the last step of each episode."""
        return self.start[1:] - 1

    @cached_property
    def whole_reward(self) -> Floats:
        """[T] r_t, the last one with the tail: r + γ tail."""
        if not self.tail.any():
            return self.reward
        reward = self.reward.copy()
        reward[self.last] += self.gamma * self.tail
        return reward

    @property
    def time(self) -> Ints:
        """[T] the time of each step in its episode."""
        return np.arange(len(self.reward)) - np.repeat(self.start[:-1], np.diff(self.start))

    def backwards(self, values: Floats, tail: Floats) -> Floats:
        """Return [E] the first X of each episode, X_t = x_t + γ ρ_t X_{t+1} with X_{n+1} = tail."""
        return decayed_sum(values, self.gamma * self.ratio, self.start, tail)[self.start[:-1]]

    def of_one_step(self, weight: Floats, values: ValuesOfSteps | None = None) -> Floats:
        """Return [E] V̂(s) + w (r − Q̂(s,a)), for episodes of one step.

        Args:
            weight: [E] w, the ratio or a change of it.
            values: V̂ and Q̂; default those of the other half.
        """
        of = values or self.fitted
        assert of is not None
        return of.value + weight * (self.whole_reward - of.action_value)

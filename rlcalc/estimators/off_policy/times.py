"""Sums by time: the weights of all episodes after each step, and their weighted rewards."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints, segment_sums


@dataclass(frozen=True)
class TimeSums:
    """Sums over episodes for each of N times; they merge.

    An episode that has ended keeps its last weight: so every time has the weights of all episodes,
    whose mean is 1 in expectation.
    """

    running: Floats  # [N] episodes that take a step at t
    weight: Floats  # [N] Σ ρ_{0:t} of these
    squares: Floats  # [N] Σ ρ_{0:t}²
    largest: Floats  # [N] max ρ_{0:t}
    reward: Floats  # [N] Σ ρ_{0:t} r_t
    ended: Floats  # [N] Σ ρ_{0:n} of the episodes whose last step is at t
    ended_squares: Floats  # [N]
    ended_largest: Floats  # [N]
    episodes: int
    gamma: float

    @classmethod
    def of(
        cls, time: Ints, cumulative: Floats, reward: Floats, last: Ints, gamma: float
    ) -> TimeSums:
        """Return the sums over some episodes.

        Args:
            time: [T] t.
            cumulative: [T] ρ_{0:t}.
            reward: [T] r_t.
            last: [E] the last step of each episode.
            gamma: 0..1 a step.
        """
        n = int(time.max(initial=-1)) + 1
        end, final = time[last], cumulative[last]
        largest, ended_largest = np.zeros(n), np.zeros(n)
        np.maximum.at(largest, time, cumulative)
        np.maximum.at(ended_largest, end, final)

        def sums(at: Ints, values: Floats) -> Floats:
            return np.bincount(at, values, n).astype(np.float64)

        return cls(
            running=np.bincount(time, minlength=n).astype(np.float64),
            weight=sums(time, cumulative),
            squares=sums(time, cumulative**2),
            largest=largest,
            reward=sums(time, cumulative * reward),
            ended=sums(end, final),
            ended_squares=sums(end, final**2),
            ended_largest=ended_largest,
            episodes=len(last),
            gamma=gamma,
        )

    def merge(self, later: TimeSums) -> TimeSums:
        """Return the sums over both sets of episodes."""
        n = max(len(self.running), len(later.running))
        columns = {}
        for one in fields(self)[:-2]:
            pair = [
                np.pad(v, (0, n - len(v)))
                for v in (getattr(self, one.name), getattr(later, one.name))
            ]
            columns[one.name] = np.maximum(*pair) if "largest" in one.name else pair[0] + pair[1]
        return TimeSums(**columns, episodes=self.episodes + later.episodes, gamma=self.gamma)

    @cached_property
    def whole_weight(self) -> Floats:
        """[N] Σ ρ over all episodes, those that ended before with their last weight."""
        return self.weight + self._before(self.ended)

    @cached_property
    def whole_squares(self) -> Floats:
        """[N] Σ ρ² over all episodes."""
        return self.squares + self._before(self.ended_squares)

    @cached_property
    def whole_largest(self) -> Floats:
        """[N] the largest weight of all episodes."""
        before = np.maximum.accumulate(np.append(0.0, self.ended_largest[:-1]))
        return np.maximum(self.largest, before)

    @cached_property
    def mean_reward(self) -> Floats:
        """[N] r̄_t = Σ ρ_{0:t} r_t / Σ ρ_{0:t}; 0 where all weights are 0."""
        total = self.whole_weight
        return np.divide(self.reward, total, out=np.zeros(len(total)), where=total > 0)

    @cached_property
    def discount(self) -> Floats:
        """[N] γ^t."""
        times = np.arange(len(self.running), dtype=np.float64)
        factors: Floats = self.gamma**times
        return factors

    @property
    def value(self) -> float:
        """Σ_t γ^t r̄_t."""
        return float(self.discount @ self.mean_reward)

    def influence(self, time: Ints, cumulative: Floats, reward: Floats, start: Ints) -> Floats:
        """Return [E] how far each episode moved `value`; the steps as in `of`.

        IF_e = Σ_t γ^t ρ_{0:t} (r_t − r̄_t) / Σ ρ_{0:t}, where after the end ρ stays and r is 0.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(self.whole_weight > 0, self.discount / self.whole_weight, 0.0)
        moved = scale[time] * cumulative * (reward - self.mean_reward[time])
        after = scale * self.mean_reward
        rest = np.append(np.cumsum(after[::-1])[::-1][1:], 0.0)  # Σ over later times
        last = start[1:] - 1
        sums: Floats = segment_sums(moved, start) - cumulative[last] * rest[time[last]]
        return sums

    @staticmethod
    def _before(ended: Floats) -> Floats:
        before: Floats = np.cumsum(np.append(0.0, ended[:-1]))
        return before

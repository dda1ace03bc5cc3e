"""Means of the groups and of the rollouts of each training step."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.intervals import (
    CONFIDENCE,
    Intervals,
    intervals_of_means,
    known_values,
    needs_of,
)
from rlcalc.numerics.moments import Moments
from rlcalc.result import Column


class StepMeans:
    """Sums and means over the groups, or the rollouts, of each step."""

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        self.step = groups.rollouts.step_of_group
        self.size = groups.rollouts.size
        self.n_steps = len(groups.rollouts.step)

    def columns(self) -> dict[str, Column]:
        """Return the columns that every table of steps begins with."""
        rollouts = self.groups.rollouts
        step, moments = rewards_of_steps(self.groups)
        intervals = intervals_of_means(moments, CONFIDENCE, known_values(moments))
        return {
            "step": Column(list(rollouts.step), "key"),
            "groups": Column(np.diff(rollouts.batch), "count"),
            "rollouts": Column(np.diff(rollouts.start[rollouts.batch]), "count"),
            "reward": Column(self._placed(step, moments.mean)),
            "reward_se": Column(self._placed(step, moments.standard_error()), "error"),
            "reward_low": Column(self._placed(step, intervals.low), "bound"),
            "reward_high": Column(self._placed(step, intervals.high), "bound"),
            "reward_needs": Column(self._needs(step, intervals), "bound"),
        }

    def _placed(self, step: Ints, values: Floats) -> Floats:
        column = np.full(self.n_steps, np.nan)
        column[step] = values
        return column

    def _needs(self, step: Ints, intervals: Intervals) -> list[str | None]:
        texts = needs_of({"reward": intervals.needs}, "group", "groups")
        by_step = dict(zip(step.tolist(), texts, strict=True))
        return [by_step.get(number) for number in range(self.n_steps)]

    def pass_at_1(self) -> Column:
        """Return the mean share of right rollouts of the groups with a reward."""
        rate = self.groups.pass_rate
        return Column(self.of_groups(rate, ~np.isnan(rate)), symbol="pass@1")

    def sums(self, values: Floats | Ints | Flags) -> Floats:
        """Return [B] the sum of [K] values over the groups of each step."""
        return counted(self.step, values, self.n_steps)

    def of_groups(self, values: Floats | Flags, of: Flags) -> Floats:
        """Return [B] the mean of [K] values over some of the groups of each step."""
        return ratio(self.sums(np.where(of, values, 0.0)), self.sums(of))

    def of_rollouts(self, values: Floats | Flags, of: Flags) -> Floats:
        """Return [B] the mean of [N] values over some of the rollouts of each step."""
        step = np.repeat(self.step, self.size)
        total = counted(step, np.where(of, values, 0.0), self.n_steps)
        return ratio(total, counted(step, of, self.n_steps))


def rewards_of_steps(groups: Groups) -> tuple[Ints, Moments]:
    """Return the steps that have rewards, and the moments of those rewards, clustered by group."""
    rollouts, scored = groups.rollouts, groups.rollouts.scored
    step, first = np.unique(rollouts.step_of_group[groups.with_reward], return_index=True)
    size = scored.size.astype(np.float64)
    edge = np.append(first, len(size))
    return step, Moments.of(step, edge, scored.mean * size, None if (size == 1).all() else size)


def counted(number: Ints, weight: Floats | Ints | Flags, n: int) -> Floats:
    """Return [n] the sum of the weights of each number."""
    return np.bincount(number, weight, n).astype(np.float64, copy=False)


def ratio(total: Floats, count: Floats) -> Floats:
    """Return total/count; NaN where the count is 0."""
    mean: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return mean

"""Means of the groups and of the rollouts of each training step."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.moments import clustered_mean
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
        reward, error = means_of_steps(self.groups)
        return {
            "step": Column(list(rollouts.step), "key"),
            "groups": Column(np.diff(rollouts.batch), "count"),
            "rollouts": Column(np.diff(rollouts.start[rollouts.batch]), "count"),
            "reward": Column(reward),
            "reward_se": Column(error, "error"),
        }

    def pass_at_1(self) -> Column:
        """Return the mean share of right rollouts of the groups with a reward."""
        n = self.groups.n_scored
        return Column(
            self.of_groups(self.groups.n_right / np.maximum(n, 1), n > 0), symbol="pass@1"
        )

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


def means_of_steps(groups: Groups) -> tuple[Floats, Floats]:
    """Return [B] the mean reward of each step, and its standard error, clustered by group."""
    rollouts, scored = groups.rollouts, groups.rollouts.scored
    n_steps = len(rollouts.step)
    sums = np.nan_to_num(groups.for_all(scored.mean * scored.size, 0.0))
    means, errors = np.full(n_steps, np.nan), np.full(n_steps, np.nan)
    for step in range(n_steps):
        part = slice(int(rollouts.batch[step]), int(rollouts.batch[step + 1]))
        number = groups.n_scored[part].astype(float)
        means[step], errors[step] = clustered_mean(sums[part], number, np.arange(len(number)))
    return means, errors


def counted(number: Ints, weight: Floats | Ints | Flags, n: int) -> Floats:
    """Return [n] the sum of the weights of each number."""
    return np.bincount(number, weight, n).astype(np.float64, copy=False)


def ratio(total: Floats, count: Floats) -> Floats:
    """Return total/count; NaN where the count is 0."""
    mean: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return mean

"""Credit of rollouts: the advantage r − μ of each, as a sum over the branches that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlcalc.groups.branches import Branches
from rlcalc.numerics.arrays import Floats, Ints, take_rows
from rlcalc.result import Column

MOST_TERMS = 8
"""Terms of a sum that are written out."""


@dataclass(frozen=True)
class BranchCredit:
    """M rollouts in the order of the trees, and the P places at which they take a branch.

    With `leave_one_out` a rollout's own reward is in none of the values that it is compared with:
    V̂₋ᵢ = (Σ r − r_i) / (m − 1), and the sum is the advantage of RLOO.
    """

    branches: Branches
    leave_one_out: bool = False

    @cached_property
    def _rollout(self) -> Ints:
        """[P] the place of the rollout in the order of the trees, rollout by rollout."""
        return self._pairs[0]

    @cached_property
    def _pairs(self) -> tuple[Ints, Ints]:
        trees, m = self.branches.trees, self.branches.m
        branch = np.repeat(np.arange(len(m)), m)
        place = np.arange(len(branch)) - np.repeat(np.cumsum(m) - m, m) + trees.low[branch]
        order = np.argsort(place, kind="stable")  # a node stands before its descendants
        return place[order], branch[order]

    @cached_property
    def advantage(self) -> Floats:
        """[M] r − μ, or r − μ₋ᵢ; NaN where a rollout is the only one of its tree."""
        start, reward = self.branches.trees.start, self.branches.reward
        size = np.repeat(np.diff(start), np.diff(start))
        left = reward - np.repeat(self.branches.mean, np.diff(start))
        if self.leave_one_out:
            left = left * size / np.maximum(size - 1, 1)
        return np.where(size > 1, left, np.nan)

    @cached_property
    def part(self) -> Floats:
        """[P] V̂(branch) − V̂(node) of each place; of RLOO without the rollout's own reward."""
        place, branch = self._pairs
        values = self.branches
        if not self.leave_one_out:
            return values.advantage[branch]
        reward = values.reward[place]
        after, before = (
            mean[branch] - (reward - mean[branch]) / np.maximum(count[branch] - 1, 1)
            for (mean, _), count in ((values.branch, values.m), (values.node, values.n))
        )
        return np.where(values.m[branch] > 1, after, reward) - before

    @cached_property
    def repeated(self) -> Floats:
        """[M] r − V̂ of the equal responses, which no unit decided; 0 where there are none."""
        values, trees = self.branches, self.branches.trees
        left = np.zeros(len(values.reward))
        for low, high in trees.repeats.tolist():
            part = values.reward[low:high]
            times = (high - low) / (high - low - 1) if self.leave_one_out else 1.0
            left[low:high] = (part - part[0] - (part - part[0]).mean()) * times
        return left

    def columns(self, group: Ints) -> dict[str, Column]:
        """Return a row a rollout, in the order of the source.

        Args:
            group: [K] a group of each tree, which names it.
        """
        values = self.branches
        rollouts, trees = values.rollouts, values.trees
        n = len(values.reward)
        place, branch = self._pairs
        unique = values.m[branch] == 1
        shared, alone = (
            np.bincount(place[chosen], self.part[chosen], n).astype(np.float64)
            for chosen in (~unique, unique)
        )
        largest = self._largest()
        decided = largest >= 0
        at = np.where(decided, branch[largest], 0) if len(branch) else np.zeros(n, np.int64)
        size = np.where(decided, self.part[largest], np.nan) if len(branch) else np.full(n, np.nan)
        tree = np.repeat(np.arange(len(trees.start) - 1), np.diff(trees.start))
        row = trees.order if rollouts.row is None else rollouts.row[trees.order]
        order = np.argsort(row)
        depth = [int(trees.depth[at[i]]) if decided[i] else None for i in order]
        following = [trees.next[at[i]] if decided[i] else None for i in order]
        of = group[tree[order]]
        return {
            "step": Column(rollouts.step_numbers(rollouts.step_of_group[of]), "key"),
            "group": Column(take_rows(rollouts.group, of), "key"),
            "rollout": Column(take_rows(rollouts.rollout, trees.order[order]), "key"),
            "reward": Column(values.reward[order], symbol="r"),
            "advantage": Column(self.advantage[order], symbol="A"),
            "shared": Column(shared[order]),
            "unique": Column(alone[order]),
            "repeats": Column(self.repeated[order]),
            "largest": Column(size[order]),
            "depth": Column(depth),
            "next": Column(following, "text"),
            "arithmetic": Column([self._arithmetic(i) for i in order.tolist()], "text"),
        }

    def _largest(self) -> Ints:
        """Return [M] the place of each rollout's largest |part|, the first of equal ones; −1."""
        place = self._rollout
        largest = np.full(len(self.branches.reward), -1)
        order = np.lexsort([-np.arange(len(place)), np.abs(self.part), place])
        largest[place[order]] = order  # the last one stays
        return largest

    @cached_property
    def _edges(self) -> Ints:
        return np.searchsorted(self._rollout, np.arange(len(self.branches.reward) + 1))

    def _arithmetic(self, i: int) -> str | None:
        """Return the sum of a rollout, term by term."""
        if np.isnan(self.advantage[i]):
            return None
        terms = self.part[self._edges[i] : self._edges[i + 1]].tolist()
        if self.repeated[i] or not terms:
            terms.append(float(self.repeated[i]))
        written = [f"{term:.3g}" for term in terms[:MOST_TERMS]]
        left = terms[MOST_TERMS:]
        more = [f"{sum(left):.3g} ({len(left)} more)"] if left else []
        total = " + ".join([*written, *more]).replace("+ -", "− ").replace("-", "−")
        return f"{self.advantage[i]:.3g} = {total}".replace("-", "−")

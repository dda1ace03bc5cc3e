"""Branches of groups: the value of each prefix that responses share, and what a branch adds to it.

Prefix values telescope: over the branches that a rollout takes they add up to r − μ. What that
makes of each rollout is for `branch_credit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from rlcalc.groups.branch_tests import MOST_CHOICES, fisher_p, holm, permutation_p, welch_p
from rlcalc.groups.prefix_tree import PrefixTrees
from rlcalc.groups.rows import as_whole_numbers
from rlcalc.numerics.arrays import Flags, Floats, Ints, differs_from_previous, take_rows
from rlcalc.result import Column, Fact
from rlcalc.rollouts import Rollouts

Moments = tuple[Floats, Floats]
"""Means, and sums of squares around them."""
LEVEL = 0.05
"""The chance, over all branches of a tree, with which chance alone is called significant."""
NEGLIGIBLE = 1e-16
"""A variance below this share of the squared range of the rewards is a rounding error of 0."""


@dataclass(frozen=True)
class Branches:
    """J branches with their values; the rest of a branch is the node's other rollouts."""

    rollouts: Rollouts
    trees: PrefixTrees

    @cached_property
    def reward(self) -> Floats:
        """[M] r, in the order of the trees."""
        return self.rollouts.reward[self.trees.order]

    @cached_property
    def mean(self) -> Floats:
        """[K] μ of each tree."""
        start = self.trees.start
        first = self.reward[start[:-1]]
        left = self.reward - np.repeat(first, np.diff(start))
        return first + np.add.reduceat(left, start[:-1]) / np.diff(start)

    @cached_property
    def spread(self) -> tuple[Floats, Floats]:
        """[K] the lowest and the highest reward of each tree."""
        start = self.trees.start[:-1]
        return np.minimum.reduceat(self.reward, start), np.maximum.reduceat(self.reward, start)

    @cached_property
    def _sums(self) -> NDArray[np.longdouble]:
        """[M + 1, 2] Σ (r − μ) and Σ (r − μ)² of all rewards before each."""
        left = (self.reward - np.repeat(self.mean, np.diff(self.trees.start))).astype(np.longdouble)
        sums = np.zeros((len(left) + 1, 2), np.longdouble)
        np.cumsum(np.stack([left, left * left], axis=1), axis=0, out=sums[1:])
        return sums

    def moments(self, low: Ints, high: Ints, tree: Ints) -> Moments:
        """Return the mean and Σ (r − r̄)² of the rollouts order[low : high] of trees."""
        return self._moments(self._sums[high] - self._sums[low], high - low, tree)

    def _moments(self, sums: NDArray[np.longdouble], n: Ints, tree: Ints) -> Moments:
        centre = sums[:, 0] / n
        left = np.asarray(sums[:, 1] - centre * sums[:, 0], np.float64)
        lowest, highest = (part[tree] for part in self.spread)
        size = highest - lowest
        left = np.where(left <= NEGLIGIBLE * size * size * n, 0.0, left)
        mean = np.asarray(centre + self.mean[tree], np.float64)
        return np.clip(mean, lowest, highest), left

    @cached_property
    def m(self) -> Ints:
        """[J] rollouts of each branch."""
        return self.trees.high - self.trees.low

    @cached_property
    def n(self) -> Ints:
        """[J] rollouts of the node."""
        return self.trees.node_high - self.trees.node_low

    @cached_property
    def branch(self) -> Moments:
        """[J] V̂ of each branch, and Σ (r − V̂)² of its rollouts."""
        return self.moments(self.trees.low, self.trees.high, self.trees.tree)

    @cached_property
    def node(self) -> Moments:
        """[J] V̂ of the prefix that the branch follows, and Σ (r − V̂)²."""
        return self.moments(self.trees.node_low, self.trees.node_high, self.trees.tree)

    @cached_property
    def rest(self) -> Moments:
        """[J] the mean of the rest, and Σ (r − r̄)² of it."""
        trees, sums = self.trees, self._sums
        left = sums[trees.node_high] - sums[trees.high] + sums[trees.low] - sums[trees.node_low]
        return self._moments(left, self.n - self.m, trees.tree)

    @cached_property
    def advantage(self) -> Floats:
        """[J] A = V̂(branch) − V̂(node) = (m_rest / m_node)(r̄_branch − r̄_rest)."""
        return (self.n - self.m) / self.n * (self.branch[0] - self.rest[0])

    @cached_property
    def tested(self) -> Flags:
        """[J] whether both sides have two or more rollouts."""
        return (self.m > 1) & (self.n - self.m > 1)

    @cached_property
    def advantage_error(self) -> Floats:
        """[J] the standard error of A; NaN where a side has a single rollout.

        √( f² (s²/m + z²/m_rest) + (r̄ − r̄_rest)² f (1 − f) / m_node ), with f = m_rest / m_node,
        which is random too.
        """
        m, k, n = self.m, self.n - self.m, self.n
        share = k / n
        variance = _squared_error(self.branch[1], m) + _squared_error(self.rest[1], k)
        apart = self.branch[0] - self.rest[0]
        error: Floats = np.sqrt(share**2 * variance + apart**2 * share * (1 - share) / n)
        return np.where(self.tested, error, np.nan)

    @cached_property
    def p(self) -> Floats:
        """[J] two-sided p: Fisher's exact where the tree has two different rewards, else Welch's.

        Where all rewards of either side are equal Welch's test has no error to divide by, and
        Fisher's is used there too. Where few rewards of a side are nearly equal by chance, Welch's
        p is too small: up to the level it is the larger of it and that of a permutation test, if
        there are few ways to divide the rewards. NaN where a side has a single rollout.
        """
        p = np.full(len(self.m), np.nan)
        start, tree = self.trees.start, self.trees.tree
        limits = (np.repeat(part, np.diff(start)) for part in self.spread)
        inside = np.logical_and(*(self.reward != limit for limit in limits))
        two = ~np.logical_or.reduceat(inside, start[:-1])[tree]
        lowest, highest = (part[tree] for part in self.spread)
        m, k = self.m, self.n - self.m
        constant = (self.branch[1] == 0) & (self.rest[1] == 0)
        alike = constant & (self.branch[0] == self.rest[0])
        p[self.tested & alike] = 1.0
        exact = self.tested & ~alike & (two | constant)
        if exact.any():
            low = np.where(two, lowest, np.minimum(self.branch[0], self.rest[0]))[exact]
            size = np.where(two, highest - lowest, np.abs(self.branch[0] - self.rest[0]))[exact]
            right, others = (
                np.rint((side[0][exact] - low) / size * count[exact]).astype(np.int64)
                for side, count in ((self.branch, m), (self.rest, k))
            )
            p[exact] = fisher_p(right, m[exact], others, k[exact])
        welch = self.tested & ~alike & ~exact
        if welch.any():
            difference = (self.branch[0] - self.rest[0])[welch]
            error, other = _squared_error(self.branch[1], m), _squared_error(self.rest[1], k)
            p[welch] = welch_p(difference, error[welch], other[welch], m[welch], k[welch])
            for j in np.flatnonzero(welch & (p <= LEVEL)).tolist():
                if comb(int(self.n[j]), int(m[j])) <= MOST_CHOICES:
                    p[j] = max(p[j], permutation_p(*self._sides(j)))
        return p

    def _sides(self, j: int) -> tuple[Floats, Floats]:
        """Return the rewards of a branch, and of its rest."""
        trees = self.trees
        node = self.reward[trees.node_low[j] : trees.node_high[j]]
        inside = slice(trees.low[j] - trees.node_low[j], trees.high[j] - trees.node_low[j])
        return node[inside], np.delete(node, inside)

    @cached_property
    def p_holm(self) -> Floats:
        """[J] p corrected over the tests of a tree; the two branches of a node are one test."""
        corrected = np.full(len(self.m), np.nan)
        trees = self.trees
        first = differs_from_previous(trees.node_low) | differs_from_previous(trees.node_high)
        of_two = np.flatnonzero(first & (trees.high < trees.node_high))
        of_two = of_two[trees.high[of_two + 1] == trees.node_high[of_two]]
        second = np.zeros(len(self.m), bool)
        second[of_two + 1] = True
        tests = np.flatnonzero(self.tested & ~second)
        corrected[tests] = holm(self.p[tests], trees.tree[tests])
        copies = np.flatnonzero(self.tested & second)
        corrected[copies] = corrected[copies - 1]
        return corrected

    def status(self) -> list[str]:
        """Return whether each branch differs from chance, or cannot be tested."""
        significant = self.p_holm <= LEVEL
        return [
            "significant" if yes else "chance" if tested else "untold"
            for yes, tested in zip(significant.tolist(), self.tested.tolist(), strict=True)
        ]

    def needed(self, error: float) -> Floats:
        """Return how many more rollouts of each branch make its standard error so small.

        s²/error² − m, where s is the deviation of the branch's rewards; where they are one or all
        equal, of the node's, else of the tree's. NaN where all rewards of the tree are equal.
        """
        first, end = self.trees.start[:-1], self.trees.start[1:]
        whole = self.moments(first, end, np.arange(len(first)))[1]
        variance = _variance(self.branch[1], self.m)
        for squares, count in (
            (self.node[1], self.n),
            (whole[self.trees.tree], (end - first)[self.trees.tree]),
        ):
            variance = np.where(variance > 0, variance, _variance(squares, count))
        further = np.maximum(0.0, np.ceil(variance / error**2 * (1 - 1e-12)) - self.m)
        return np.where(variance > 0, further, np.nan)

    def columns(self, group: Ints, plan: float | None) -> dict[str, Column]:
        """Return a row a branch.

        Args:
            group: [K] a group of each tree, which names it.
            plan: the standard error that is wished for; None: no plan.
        """
        rollouts, trees = self.rollouts, self.trees
        value, squares = self.branch
        of = group[trees.tree]
        columns = {
            "step": Column(rollouts.step_numbers(rollouts.step_of_group[of]), "key"),
            "group": Column(take_rows(rollouts.group, of), "key"),
            "depth": Column(trees.depth, "key"),
            "prefix": Column(trees.prefix, "text"),
            "next": Column(trees.next, "text"),
            "m": Column(self.m, "count"),
            "value": Column(value, symbol="V̂"),
            "value_se": Column(
                np.where(self.m > 1, np.sqrt(_squared_error(squares, self.m)), np.nan), "error"
            ),
            "advantage": Column(self.advantage, symbol="A"),
            "advantage_se": Column(self.advantage_error, "error"),
            "rest": Column(self.rest[0]),
            "rest_m": Column(self.n - self.m, "count"),
            "p": Column(self.p),
            "p_holm": Column(self.p_holm),
            "status": Column(self.status(), "text"),
        }
        if plan is not None:
            columns["rollouts_needed"] = Column(as_whole_numbers(self.needed(plan)))
        columns["rollout"] = Column(take_rows(rollouts.rollout, trees.order[trees.low]), "key")
        return columns

    def facts(self) -> dict[str, Fact]:
        """Return what the branches tell, and where Σ |A| over all rollouts lies."""
        trees, status = self.trees, self.status()
        sizes = self.m * np.abs(self.advantage)
        low, high = trees.repeats.T
        tree = np.searchsorted(trees.start, low, side="right") - 1
        mean = self.moments(low, high, tree)[0]
        again = np.abs(
            self.reward[np.repeat(low, high - low) + _places(high - low)]
            - np.repeat(mean, high - low)
        )
        parts = {
            "tested_share": sizes[self.tested].sum(),
            "single_rest_share": sizes[(self.m > 1) & ~self.tested].sum(),
            "unique_share": sizes[self.m == 1].sum(),
            "repeats_share": again.sum(),
        }
        total = sum(parts.values())
        return {
            "branches": len(sizes),
            "significant": status.count("significant"),
            "chance": status.count("chance"),
            "untold": status.count("untold"),
            **{name: float(part / total) if total else None for name, part in parts.items()},
            "distinct_responses": trees.n_distinct,
            "depths": _quantiles(trees.depth),
        }


def _places(size: Ints) -> Ints:
    return np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)


def _variance(squares: Floats, n: Ints) -> Floats:
    return np.asarray(squares / np.maximum(n - 1, 1), np.float64)


def _squared_error(squares: Floats, n: Ints) -> Floats:
    """Return s²/n."""
    return np.asarray(squares / np.maximum((n - 1) * n, 1), np.float64)


def _quantiles(values: Ints) -> dict[str, float | None]:
    if not len(values):
        return {}
    names = ("least", "first quarter", "median", "third quarter", "most")
    quantiles = np.quantile(values, [0, 0.25, 0.5, 0.75, 1], method="lower")
    return dict(zip(names, map(int, quantiles), strict=True))

"""A row a prompt: how often it is right, whether that changes over the steps, and a status."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import listed, shown
from rlcalc.groups.groups import Groups
from rlcalc.groups.origins import origin_columns
from rlcalc.groups.step_means import counted, ratio
from rlcalc.numerics.arrays import Floats, Ints, appearance_order, take_rows
from rlcalc.numerics.intervals import CONFIDENCE, share_interval
from rlcalc.result import Column, Fact

NEVER, ALWAYS, LEARNING, FORGETTING, MIXED, UNKNOWN = range(6)
STATUS = ("never learnt", "always right", "learning", "forgetting", "mixed", "unknown")
LEVEL = 0.05
"""The chance with which a prompt that does not change is called learning or forgetting."""
MOST = 8
"""Prompts that a note names."""


class Prompts:
    """P prompts in order of first appearance, each with the rollouts of all its groups."""

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        rollouts = groups.rollouts
        number = rollouts.prompt if rollouts.asked is None else rollouts.asked[rollouts.start[:-1]]
        names, self.of_group = appearance_order(np.asarray(number))
        self.n = len(names)
        self.of_rollout = np.repeat(self.of_group, rollouts.size)

    @cached_property
    def first_group(self) -> Ints:
        """[P] the first group of each prompt."""
        return np.unique(self.of_group, return_index=True)[1]

    @cached_property
    def step(self) -> Floats:
        """[K] the step of each group; where nobody says, its place among those of its prompt."""
        rollouts = self.groups.rollouts
        if None not in rollouts.step:
            return np.array(rollouts.step, np.float64)[rollouts.step_of_group]
        order = np.argsort(self.of_group, kind="stable")
        first = np.searchsorted(self.of_group[order], np.arange(self.n))
        place = np.empty(len(order))
        place[order] = np.arange(len(order)) - first[self.of_group[order]]
        return place

    @cached_property
    def n_scored(self) -> Floats:
        """[P] rollouts with a reward."""
        return counted(self.of_group, self.groups.n_scored, self.n)

    @cached_property
    def n_right(self) -> Floats:
        """[P] rollouts that are right."""
        return counted(self.of_group, self.groups.n_right, self.n)

    @cached_property
    def pass_rate(self) -> Floats:
        """[P] the share of right rollouts over all steps; NaN where it is not known."""
        known = self.n_scored * self.groups.tells_right
        return ratio(self.n_right, known)

    @cached_property
    def slope(self) -> tuple[Floats, Floats]:
        """[P] the change of the pass rate a step, and its standard error.

            b = Σ (t_i − t̄)(y_i − ȳ) / S,   S = Σ (t_i − t̄)²
            se(b) = √( Σ (y_i − ȳ − b (t_i − t̄))² / ((n − 2) S) )

        over the n rollouts with a reward: t_i is the step, y_i is 1 if it is right, else 0. NaN
        where all are of one step, and the error where n < 3.
        """
        square, product, total = self._sums
        slope = ratio(product, square)
        left = np.maximum(total - slope * product, 0.0)
        free = np.maximum(self.n_scored - 2, 0)
        return slope, np.sqrt(ratio(left, free * square))

    @cached_property
    def _sums(self) -> tuple[Floats, Floats, Floats]:
        """[P] Σ (t_i − t̄)², Σ (t_i − t̄)(y_i − ȳ) and Σ (y_i − ȳ)²; NaN: not known."""
        n, right = self.groups.n_scored, self.groups.n_right
        mean = ratio(counted(self.of_group, n * self.step, self.n), self.n_scored)
        left = self.step - mean[self.of_group]
        left = np.where(n > 0, left, 0.0)
        square = counted(self.of_group, n * left * left, self.n)
        rate = self.pass_rate
        product = counted(self.of_group, left * right, self.n)  # Σ (t_i − t̄) ȳ is 0
        total = self.n_scored * rate * (1 - rate)
        return square, np.where(total == 0, 0.0, product + 0 * total), total

    @cached_property
    def p_value(self) -> Floats:
        """[P] the chance of so large a trend, or a larger one, if the rate does not change.

        T = Σ t_i y_i over all orders of the y_i has the mean n t̄ ȳ and the variance
        Σ (t_i − t̄)² Σ (y_i − ȳ)² / (n − 1). It is taken as normal, less half of the distance d
        between its values, the greatest common divisor of the differences of the steps:
        z = max(0, |T − n t̄ ȳ| − d/2) / √variance. For two steps this is close to Fisher's test.
        NaN where there is no trend to test.

        Source: Cochran (1954), Armitage (1955), with the correction for continuity.
        """
        square, product, total = self._sums
        variance = ratio(square * total, np.maximum(self.n_scored - 1, 0))
        away = np.maximum(np.abs(product) - self._spacing / 2, 0.0)
        z = ratio(away, np.sqrt(variance))
        return np.array([math.erfc(one / math.sqrt(2)) for one in z.tolist()])

    @cached_property
    def _spacing(self) -> Floats:
        """[P] the greatest common divisor of the differences of a prompt's steps."""
        away = np.abs(self.step - self.step[self.first_group][self.of_group]).astype(np.int64)
        order = np.argsort(self.of_group, kind="stable")
        edge = np.searchsorted(self.of_group[order], np.arange(self.n))
        return np.gcd.reduceat(away[order], edge).astype(np.float64)

    @cached_property
    def status(self) -> NDArray[np.int8]:
        """[P] which of STATUS; the first that holds, and mixed where none does."""
        slope, _ = self.slope
        changes = self.p_value < LEVEL
        none, every = self.pass_rate == 0, self.pass_rate == 1
        status = np.where(changes, np.where(slope > 0, LEARNING, FORGETTING), MIXED)
        status = np.where(none, NEVER, np.where(every, ALWAYS, status))
        return np.where(np.isnan(self.pass_rate), UNKNOWN, status).astype(np.int8)

    def at_end(self, *, last: bool) -> Floats:
        """Return [P] the pass rate at the first, or the last, step with a reward of each prompt."""
        step = np.where(self.groups.n_scored > 0, self.step, np.inf if not last else -np.inf)
        ends = np.full(self.n, -np.inf if last else np.inf)
        (np.maximum if last else np.minimum).at(ends, self.of_group, step)
        there = (step == ends[self.of_group]) & np.isfinite(step) & self.groups.tells_right
        right = counted(self.of_group, there * self.groups.n_right, self.n)
        return ratio(right, counted(self.of_group, there * self.groups.n_scored, self.n))

    def columns(self) -> dict[str, Column]:
        """Return a row a prompt, in order of first appearance."""
        rollouts, scored = self.groups.rollouts, self.groups.rollouts.scored
        slope, error = self.slope
        total = counted(self.of_group[self.groups.with_reward], scored.mean * scored.size, self.n)
        low, high = share_interval(self.n_right, np.maximum(self.n_scored, 1), CONFIDENCE)
        unknown = np.isnan(self.pass_rate)
        first, reward = self.first_group, ratio(total, self.n_scored)
        same = np.allclose(reward, self.pass_rate, equal_nan=True)
        return {
            "group": Column(take_rows(rollouts.group, first), "key"),
            "status": Column([STATUS[code] for code in self.status], "text"),
            "occurrences": Column(np.bincount(self.of_group, minlength=self.n), "count"),
            "rollouts": Column(np.bincount(self.of_rollout, minlength=self.n), "count"),
            "reward": Column(reward, "bound" if same else "value", symbol="r̄"),
            "pass_rate": Column(self.pass_rate),
            "pass_rate_low": Column(np.where(unknown, np.nan, low), "bound"),
            "pass_rate_high": Column(np.where(unknown, np.nan, high), "bound"),
            "first_pass_rate": Column(self.at_end(last=False), symbol="first"),
            "last_pass_rate": Column(self.at_end(last=True), symbol="last"),
            "slope": Column(slope),
            "slope_se": Column(error, "error"),
            "p": Column(self.p_value, "bound"),
        } | origin_columns(rollouts, first, rollouts.start[first], row_of=self.of_rollout)

    def facts(self) -> dict[str, Fact]:
        """Return how many prompts there are, and how many of each status."""
        counts = np.bincount(self.status, minlength=len(STATUS)).tolist()
        return {
            "prompts": self.n,
            "never_learnt": counts[NEVER],
            "prompts_are": dict(zip(STATUS, counts, strict=True)) if self.n else {},
        }

    def notes(self) -> list[str]:
        """Return which prompts never learn, and what to expect of the test."""
        rollouts, notes = self.groups.rollouts, []
        never = np.flatnonzero(self.status == NEVER)
        if len(never):
            groups = self.first_group[never[:MOST]]
            names = listed([shown(rollouts.group[g]) for g in groups.tolist()], MOST, len(never))
            notes.append(f"never learnt: {names}")
        if not rollouts.facts.get("prompts_known", True) and rollouts.asked is None:
            notes.append("no text or id tells prompts apart: each group counts as one prompt")
        n_tested = int((~np.isnan(self.p_value)).sum())
        if n_tested >= 1 / LEVEL:
            notes.append(
                f"of {n_tested:,} prompts that do not change, about {LEVEL * n_tested:.0f} would "
                f"be called learning or forgetting by chance (p < {LEVEL})"
            )
        return notes

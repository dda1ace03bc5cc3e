"""Groups of rollouts: sizes, lowest and highest rewards, a status each, and warnings about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import UsageError, listed
from rlcalc.groups.evaluation_steps import evaluation_warnings
from rlcalc.groups.pass_at_k import is_success
from rlcalc.groups.repeated_steps import repeated_steps
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.rollouts import Rollouts

MIXED, EASY, HARD, FLAT, SINGLE, UNSCORED = range(6)
STATUS = ("mixed", "too easy", "too hard", "flat", "single", "unscored")
DEAD = ("too easy", "too hard", "flat")
EQUAL = 2.0**-23
"""Rewards are equal up to this relative difference, which is one rounding of float32."""
SMALL = 1e-5
"""The least size that differences are relative to: 0.3 − 0.1 − 0.2 is 1e-17 in float64, not 0."""


@dataclass(frozen=True)
class Groups:
    """K groups with the status that follows from their rewards."""

    rollouts: Rollouts
    success: float = 1.0  # the smallest reward that counts as success
    tolerance: float = EQUAL  # rewards are equal if they differ by no more, relative to the larger

    def __post_init__(self) -> None:
        """Refuse an infinite success, and a tolerance outside 0 to 1."""
        if not np.isfinite(self.success):
            raise UsageError(
                f"--success {self.success} is not a finite number",
                fix="use a reward such as --success 1",
            )
        if not 0 <= self.tolerance < 1:
            raise UsageError(
                f"--tolerance {self.tolerance} is not a number from 0 to below 1",
                fix="use a number such as --tolerance 1e-6",
            )

    @cached_property
    def with_reward(self) -> Ints:
        """[J] the numbers of the groups with at least one reward."""
        scored = self.rollouts.scored
        if isinstance(scored.rollout, slice):
            return np.arange(self.rollouts.n_groups)
        first = scored.rollout[scored.start[:-1]]
        return np.searchsorted(self.rollouts.start, first, side="right") - 1

    def for_all(self, of_scored: NDArray[Any], empty: float = np.nan) -> NDArray[Any]:
        """Return [K] the values of the J groups with a reward, and `empty` for the others."""
        if len(of_scored) == self.rollouts.n_groups:
            return of_scored
        values = np.full(
            self.rollouts.n_groups, empty, dtype=np.result_type(of_scored, type(empty))
        )
        values[self.with_reward] = of_scored
        return values

    @cached_property
    def n_scored(self) -> Ints:
        """[K] rollouts of each group that have a reward."""
        return self.for_all(self.rollouts.scored.size, 0)

    @cached_property
    def low(self) -> Floats:
        """[K] the lowest reward."""
        return self.for_all(self.rollouts.scored.low)

    @cached_property
    def high(self) -> Floats:
        """[K] the highest reward."""
        return self.for_all(self.rollouts.scored.high)

    @cached_property
    def n_right(self) -> Ints:
        """[K] rollouts whose reward counts as success."""
        scored = self.rollouts.scored
        return self.for_all(scored.count(is_success(scored.reward, self.success)), 0)

    @cached_property
    def largest(self) -> float:
        """The largest reward; NaN where there is none."""
        return float(self.rollouts.scored.high.max()) if len(self.rollouts.scored) else np.nan

    @cached_property
    def tells_right(self) -> bool:
        """Whether rewards tell right from wrong: one is a success, or all are one that fails.

        Where rewards differ, or lie above 0, and none of them is a success, they have another
        scale than `success`, and shares of right rollouts are not 0 but not known.
        """
        low = self.rollouts.scored.low.min(initial=np.inf)
        return bool(self.n_right.any()) or bool(low == self.largest <= 0)

    @cached_property
    def pass_rate(self) -> Floats:
        """[K] the share of right rollouts; NaN where it is not known."""
        known = (self.n_scored > 0) & self.tells_right
        return np.where(known, self.n_right / np.maximum(self.n_scored, 1), np.nan)

    @cached_property
    def equal(self) -> Flags:
        """[K] whether there is a reward and all rewards are equal.

        Trainers compute in float32, where rewards that are further apart do differ and get an
        advantage: 1,000,000.1 and 1,000,000.4 differ by 5 units.
        """
        most = np.maximum(SMALL, np.maximum(np.abs(self.low), np.abs(self.high)))
        return (self.high - self.low <= self.tolerance * most) & (self.n_scored > 0)

    @cached_property
    def status(self) -> NDArray[np.int8]:
        """[K] which of STATUS: a dead group is too easy, too hard (none above 0), or flat."""
        dead = np.where(self.high <= 0, HARD, FLAT)
        dead = np.where(self.n_right == self.n_scored, EASY, dead)
        status = np.where(self.equal, dead, MIXED)
        status = np.where(self.n_scored == 1, SINGLE, status)
        return np.where(self.n_scored == 0, UNSCORED, status).astype(np.int8)

    def dead_by_status(self) -> dict[str, int]:
        """Return how many groups there are of each dead status."""
        counts = np.bincount(self.status, minlength=len(STATUS))
        return {name: int(counts[STATUS.index(name)]) for name in DEAD}

    @cached_property
    def repeated_steps(self) -> Ints:
        """The numbers, among the B steps, of those that stand twice in the source."""
        return repeated_steps(self.rollouts)

    @cached_property
    def usual_size(self) -> int:
        """The size of most groups; of two equally frequent sizes the larger."""
        counts = np.bincount(self.rollouts.size)
        return int(len(counts) - 1 - np.argmax(counts[::-1]))

    def sizes(self) -> dict[str, int]:
        """Return how many groups there are of the most frequent sizes, and of others."""
        counts = Counter(dict(enumerate(np.bincount(self.rollouts.size).tolist())))
        common = counts.most_common(4)
        sizes = {f"of {size}": number for size, number in common if number}
        others = self.rollouts.n_groups - sum(sizes.values())
        return {**sizes, "of other sizes": others} if others else sizes

    def warnings(self) -> list[str]:
        """Return sentences about groups of one, of uneven sizes, and groups split across steps."""
        uneven = evaluation_warnings(self.rollouts) or self._uneven()
        return [*self._singles(), *uneven, *self._split_across_steps()]

    def _singles(self) -> list[str]:
        n = int((self.rollouts.size == 1).sum())
        if not n:
            return []
        many = "every group has" if n == self.rollouts.n_groups else f"{n:,} groups have"
        many = "1 group has" if n == 1 != self.rollouts.n_groups else many
        if self.rollouts.facts.get("evaluation"):  # no trainer follows
            return [] if n == self.rollouts.n_groups else [f"{many} only one rollout"]
        named = n > 1 and not self.rollouts.facts.get("nested")
        hint = "; check the column that identifies the group (--group)" if named else ""
        return [
            f"{many} only one rollout, whose advantage is the raw reward in verl, SkyRL and rLLM "
            f"(GRPO has become REINFORCE), 0 in TRL, NaN in OpenRLHF and slime{hint}"
        ]

    def _uneven(self) -> list[str]:
        size, usual = self.rollouts.size, self.usual_size
        warnings = []
        twice = np.isin(self.rollouts.step_of_group, self.repeated_steps)  # who says so, says why
        merged = np.flatnonzero((size > usual) & (size % usual == 0) & (usual > 1) & ~twice)
        if len(merged):
            warnings.append(
                f"{len(merged):,} of {len(size):,} groups have 2 or more times the usual {usual} "
                f"rollouts ({self._names(merged)}): two occurrences of a prompt may be merged"
            )
        other = np.flatnonzero((size != usual) & (size > 1) & ((size % usual != 0) | (usual == 1)))
        if len(other):
            warnings.append(
                f"{len(other):,} of {len(size):,} groups are not of the usual size {usual} "
                f"({self._names(other)}): rollouts are missing, or ids are mixed up"
            )
        return warnings

    def _split_across_steps(self) -> list[str]:
        """Return a warning if parts of one group lie in several steps: together not too large."""
        rollouts, usual = self.rollouts, self.usual_size
        if len(rollouts.step) < 2 or rollouts.facts.get("grouped_by") != "id":
            return []
        total = np.bincount(rollouts.prompt, weights=rollouts.size)
        times = np.bincount(rollouts.prompt)
        split = (times > 1) & (total <= usual)
        n = int(split.sum())
        if not n:
            return []
        parts = np.flatnonzero(split[rollouts.prompt])
        return [
            f"{n:,} {'group goes' if n == 1 else 'groups go'} across steps "
            f"({self._names(parts, n)}), and each part counts as a group of its own; use "
            "--step none to join the parts"
        ]

    def _names(self, groups: Ints, total: int | None = None) -> str:
        names = list(dict.fromkeys(str(self.rollouts.group[int(g)]) for g in groups[:20]))
        return listed(names, most=3, total=max(len(names), total or len(groups)))


def reward_multiplicities(groups: Groups) -> tuple[Ints, Ints]:
    """Return how many times each different reward occurs in each group.

    In a group whose rewards are all equal within the tolerance there is one value.

    Returns:
        [V] the number among the groups with a reward, and [V] the count of one value in it.
    """
    scored = groups.rollouts.scored
    low, high = scored.low, scored.high
    lowest, highest = low.min(), high.max()
    at_low = scored.count(scored.reward == lowest)
    at_high = scored.count(scored.reward == highest)
    if np.any(at_low + at_high < scored.size):  # not all are one of two
        at_low = scored.count(scored.reward == scored.each(low))
        at_high = scored.count(scored.reward == scored.each(high))
    else:
        at_low, at_high = (
            np.where(low == lowest, at_low, at_high),
            np.where(high == highest, at_high, at_low),
        )
    equal = groups.equal[groups.with_reward]
    at_low = np.where(equal, scored.size, at_low)
    number = np.arange(len(scored.size))
    more = ~equal & (at_low + at_high < scored.size)
    split = np.flatnonzero(~equal)
    parts = [(number, at_low), (number[split], at_high[split])]
    if more.any():  # rewards between the lowest and the highest
        inside = scored.each(more) & (scored.ascending > scored.each(low))
        inside &= scored.ascending < scored.each(high)
        group, value = scored.each(number)[inside], scored.ascending[inside]
        begin = np.flatnonzero(
            (np.diff(group, prepend=-1) != 0) | (np.diff(value, prepend=np.nan) != 0)
        )
        parts.append((group[begin], np.diff(np.append(begin, len(group)))))
    group, times = map(np.concatenate, zip(*parts, strict=True))
    return group, times

"""What groups of rollouts are like: sizes, spread, which give no gradient, and which are wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import UsageError, listed
from rlcalc.groups.pass_at_k import is_success
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.rollouts import Rollouts

MIXED, EASY, HARD, FLAT, SINGLE, UNSCORED = range(6)
STATUS = ("mixed", "too easy", "too hard", "flat", "single", "unscored")
DEAD = ("too easy", "too hard", "flat")
EQUAL = 2.0**-23
"""Rewards that differ by no more, relative to the larger, are one in float32 but for a rounding."""
SMALL = 1e-5
"""Below it differences count as to this: 0.3 − 0.1 − 0.2 in float64 is 0 up to 1e-17."""


@dataclass(frozen=True)
class Groups:
    """K groups, judged by their rewards."""

    rollouts: Rollouts
    success: float = 1.0  # the reward from which a rollout is right
    tolerance: float = EQUAL  # rewards are equal if they differ by no more, relative to the larger

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense."""
        if not np.isfinite(self.success) or not 0 <= self.tolerance < 1:
            raise UsageError(
                f"--success {self.success} and --tolerance {self.tolerance}",
                fix="give a number, and one from 0 to below 1",
            )

    @cached_property
    def group(self) -> Ints:
        """[J] the groups that have a reward at all."""
        scored = self.rollouts.scored
        if isinstance(scored.rollout, slice):
            return np.arange(self.rollouts.n_groups)
        first = scored.rollout[scored.start[:-1]]
        group: Ints = np.searchsorted(self.rollouts.start, first, side="right") - 1
        return group

    def placed(self, of_scored: NDArray[Any], empty: float = np.nan) -> NDArray[Any]:
        """Return [K] what holds for the J groups with a reward, and `empty` for the others."""
        if len(of_scored) == self.rollouts.n_groups:
            return of_scored
        values = np.full(
            self.rollouts.n_groups, empty, dtype=np.result_type(of_scored, type(empty))
        )
        values[self.group] = of_scored
        return values

    @cached_property
    def scored(self) -> Ints:
        """[K] rollouts of each group that have a reward."""
        return self.placed(self.rollouts.scored.size, 0)

    @cached_property
    def low(self) -> Floats:
        """[K] the lowest reward."""
        return self.placed(self.rollouts.scored.low)

    @cached_property
    def high(self) -> Floats:
        """[K] the highest reward."""
        return self.placed(self.rollouts.scored.high)

    @cached_property
    def right(self) -> Ints:
        """[K] right rollouts."""
        scored = self.rollouts.scored
        return self.placed(scored.count(is_success(scored.reward, self.success)), 0)

    @cached_property
    def equal(self) -> Flags:
        """[K] whether all rewards are equal, of which there is at least one.

        Trainers compute in float32, where rewards that are further apart are two, and have
        advantages by right: 1,000,000.1 and 1,000,000.4 differ by 5 units.
        """
        most = np.maximum(SMALL, np.maximum(np.abs(self.low), np.abs(self.high)))
        equal: Flags = (self.high - self.low <= self.tolerance * most) & (self.scored > 0)
        return equal

    @cached_property
    def status(self) -> NDArray[np.int8]:
        """[K] which of STATUS: a dead group is too easy, too hard (none above 0), or flat."""
        dead = np.where(self.high <= 0, HARD, FLAT)
        dead = np.where(self.right == self.scored, EASY, dead)
        status = np.where(self.equal, dead, MIXED)
        status = np.where(self.scored == 1, SINGLE, status)
        return np.where(self.scored == 0, UNSCORED, status).astype(np.int8)

    @cached_property
    def usual_size(self) -> int:
        """The size that most groups have; the larger one of two."""
        counts = np.bincount(self.rollouts.size)
        return int(len(counts) - 1 - np.argmax(counts[::-1]))

    def sizes(self) -> dict[str, int]:
        """Return how many groups there are of the most frequent sizes, and of others."""
        counts = Counter(dict(enumerate(np.bincount(self.rollouts.size).tolist())))
        common = counts.most_common(4)
        found = {f"of {size}": number for size, number in common if number}
        rest = self.rollouts.n_groups - sum(found.values())
        return {**found, "of other sizes": rest} if rest else found

    def findings(self) -> list[str]:
        """Return what is wrong with the groups themselves, in words."""
        return [*self._singles(), *self._uneven(), *self._across()]

    def _singles(self) -> list[str]:
        n = int((self.rollouts.size == 1).sum())
        if not n:
            return []
        many = "every group has" if n == self.rollouts.n_groups else f"{n:,} groups have"
        many = "1 group has" if n == 1 != self.rollouts.n_groups else many
        why = "; is it the right column that says what is a group?" if n > 1 else ""
        return [
            f"{many} only one rollout, whose advantage is the raw reward in verl, SkyRL and rLLM "
            f"(GRPO has become REINFORCE), 0 in TRL, NaN in OpenRLHF and slime{why}"
        ]

    def _uneven(self) -> list[str]:
        size, usual = self.rollouts.size, self.usual_size
        found = []
        merged = np.flatnonzero((size > usual) & (size % usual == 0) & (usual > 1))
        if len(merged):
            found.append(
                f"{len(merged):,} of {len(size):,} groups have 2 or more times the usual {usual} "
                f"rollouts ({self._named(merged)}): two occurrences of a prompt may be merged"
            )
        other = np.flatnonzero((size != usual) & (size > 1) & ((size % usual != 0) | (usual == 1)))
        if len(other):
            found.append(
                f"{len(other):,} of {len(size):,} groups are not of the usual size {usual} "
                f"({self._named(other)}): rollouts are missing, or ids are mixed up"
            )
        return found

    def _across(self) -> list[str]:
        """Groups that are cut by a step: smaller than usual, and together not larger."""
        rollouts, usual = self.rollouts, self.usual_size
        if len(rollouts.step) < 2 or rollouts.facts.get("grouped_by") != "id":
            return []
        total = np.bincount(rollouts.prompt, weights=rollouts.size)
        times = np.bincount(rollouts.prompt)
        cut = (times > 1) & (total <= usual)
        n = int(cut.sum())
        if not n:
            return []
        which = np.flatnonzero(cut[rollouts.prompt])
        return [
            f"{n:,} {'group goes' if n == 1 else 'groups go'} across steps "
            f"({self._named(which, n)}), and counted in each by itself; --step none brings "
            "the parts together"
        ]

    def _named(self, groups: Ints, total: int | None = None) -> str:
        names = list(dict.fromkeys(str(self.rollouts.group[int(g)]) for g in groups[:20]))
        return listed(names, most=3, total=max(len(names), total or len(groups)))

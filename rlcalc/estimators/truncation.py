"""Policies for truncated trajectories, whose gains miss the rewards after the cut.

keep       as they are: a gain of a trajectory cut after n steps is short of γ^(n+1−t) V(s_{n+1})
drop       leave them out: the remaining data favour trajectories that end soon
bootstrap  add the tail, from the value in the source for the state of the cut
cut[:ε]    use only steps whose gain misses at most ε max|V|: γ^(n+1−t) ≤ ε, ε = 0.01;
           a step near the limit counts if its trajectory ended, which is drop's bias

Terminated wins where both flags are set. A trajectory with neither is taken to have ended.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from rlcalc.errors import InputError, UsageError, meant
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.trajectories import Experience, Trajectories

POLICIES = ("keep", "drop", "bootstrap", "cut")


@dataclass(frozen=True)
class Truncation:
    """One of the four policies, and the number of last steps that `cut` leaves out."""

    policy: str
    tolerance: float
    margin: int  # the last steps of a truncated trajectory that `cut` does not use

    @classmethod
    def parse(cls, text: str, gamma: float) -> Truncation:
        """Return the policy that `keep`, `drop`, `bootstrap`, `cut` or `cut:0.001` names.

        Raises:
            UsageError: the policy is unknown, or ε is not between 0 and 1.
        """
        policy, _, number = text.partition(":")
        if policy not in POLICIES or (number and policy != "cut"):
            raise UsageError(
                f"--truncated {text} is not known",
                fix=meant(policy, POLICIES) + f"use one of {', '.join(POLICIES)}",
            )
        try:
            tolerance = float(number) if number else 0.01
        except ValueError:
            tolerance = math.nan
        if not 0 < tolerance < 1:
            raise UsageError(
                f"--truncated {text}: the tolerance is not between 0 and 1",
                fix="use a number such as --truncated cut:0.01",
            )
        if gamma in (0.0, 1.0):
            margin = np.iinfo(np.int64).max if gamma else 0
        else:  # the last step misses γ V, the one before it γ² V
            margin = math.ceil(math.log(tolerance) / math.log(gamma) - 1e-12) - 1
        return cls(policy, tolerance, int(margin))

    def apply(self, batch: Trajectories) -> UsableTrajectories:
        """Apply the policy to the truncated trajectories.

        Raises:
            InputError: with bootstrap, the source has no value for the state of some cut.
        """
        cut_off = batch.truncated & ~batch.terminated
        ends = Counter(
            terminated=int(batch.terminated.sum()),
            truncated=int(cut_off.sum()),
            unknown=len(batch) - int((batch.terminated | batch.truncated).sum()),
        )
        kept = np.ones(len(batch), dtype=bool)
        reward, tail, usable = batch.reward, None, batch.length
        if not ends["truncated"]:
            pass
        elif self.policy == "drop":
            kept = ~cut_off
            batch = batch.select(kept)
            reward, usable = batch.reward, batch.length
        elif self.policy == "cut":
            usable = np.where(cut_off, np.maximum(usable - self.margin, 0), usable)
        elif self.policy == "bootstrap":
            reward, tail, usable = _bootstrapped(batch, cut_off)
        ends["steps_not_used"] = int(batch.length.sum() - usable.sum())
        return UsableTrajectories(batch, reward, tail, usable, kept, ends)

    def facts(self, ends: Mapping[str, int]) -> dict[str, str | int]:
        """Return the facts about how trajectories ended."""
        facts: dict[str, str | int] = {n: ends[n] for n in ("terminated", "truncated", "unknown")}
        if ends["truncated"]:
            tolerance = f":{self.tolerance:g}" if self.policy == "cut" else ""
            facts["truncated_policy"] = self.policy + tolerance
        if ends["steps_not_used"]:
            facts["steps_not_used"] = ends["steps_not_used"]
        return facts

    def warnings(self, ends: Mapping[str, int]) -> list[str]:
        """Return a warning about the effect of the policy if trajectories were truncated."""
        n = ends["truncated"]
        if not n:
            return []
        share = f"{n:,} of {n_trajectories(ends):,} trajectories were truncated"
        effect = {
            "keep": "their gains miss the rewards after the cut, so values are too low where "
            "rewards are positive (too high where negative); see --truncated drop|bootstrap|cut",
            "drop": "they are left out, so values favour trajectories that end soon",
            "bootstrap": "their tails are the source's estimates, whose error is not in the error "
            "bars",
            "cut": f"steps whose gain misses more than {self.tolerance:g} max|V| are not used "
            f"({ends['steps_not_used']:,} steps), so values, also of the start if the limit is "
            "near, favour trajectories that end soon, as with drop",
        }
        return [f"{share}: {effect[self.policy]}"]


@dataclass(frozen=True)
class UsableTrajectories:
    """Trajectories after the policy for truncation: rewards, tails, and the steps that count."""

    trajectories: Trajectories
    reward: Floats  # [T] with the last reward of a bootstrapped trajectory replaced where need be
    tail: Floats | None  # [E] what follows the last step; None: nothing
    usable: Ints  # [E] the number of first steps whose gains count
    kept: Flags  # [E before] whether a trajectory is kept
    ends: Counter[str]  # counts of ends, and of steps that are not used

    def without_last_states(self, ratio: Floats) -> Floats:
        """Return [T] ratios π/b, 1 where a last row is not a step but the state of a cut."""
        cut = np.flatnonzero(self.usable < self.trajectories.length)
        if len(cut) and self.tail is not None:
            ratio = ratio.copy()
            ratio[self.trajectories.start[1:][cut] - 1] = 1.0
        return ratio

    def usable_step(self) -> Flags:
        """[T] whether the gain of a step counts."""
        batch = self.trajectories
        if np.array_equal(self.usable, batch.length):
            return np.ones(batch.n_steps, dtype=bool)
        return batch.time_since_start < np.repeat(self.usable, batch.length)


def _bootstrapped(batch: Trajectories, cut_off: Flags) -> tuple[Floats, Floats, Ints]:
    """Return tails from V(s_{n+1}), or if that is unknown from V(s_n), without using step n."""
    unknown = np.full(len(batch), np.nan)
    after = unknown if batch.last_value is None else batch.last_value
    tail = np.where(cut_off, after, 0.0)
    missing = cut_off & np.isnan(tail)
    if not missing.any():
        return batch.reward, tail, batch.length
    last = batch.start[1:] - 1
    before = np.full(batch.n_steps, np.nan) if batch.value is None else batch.value
    if np.isnan(before[last[missing]]).any():
        raise InputError(
            "no value to bootstrap from: the source has no values of the states in which "
            f"{int(missing.sum()):,} trajectories were truncated",
            fix="add a column next_value (V of the state after the step) or value, or use "
            "--truncated keep, drop or cut",
        )
    reward = batch.reward.copy()
    reward[last[missing]] = before[last[missing]]
    return reward, np.where(missing, 0.0, tail), batch.length - missing


def n_trajectories(ends: Mapping[str, int]) -> int:
    """Return the number of trajectories, used or not."""
    return ends["terminated"] + ends["truncated"] + ends["unknown"]


def pieces_with_truncation(
    experience: Experience, gamma: float | None, truncated: str
) -> tuple[Iterator[Trajectories], float, Truncation]:
    """Return the pieces of experience, the discount factor and the policy for truncation.

    The discount factor is `gamma`, else that of the source (known once its first piece is read),
    else 1.

    Raises:
        InputError: gamma is not a number in 0..1.
        UsageError: the policy for truncated trajectories is unknown.
    """
    pieces = experience.pieces()
    first = next(pieces, None)
    discount = discount_of(experience, gamma)
    truncation = Truncation.parse(truncated, discount)
    return chain([] if first is None else [first], pieces), discount, truncation


def discount_of(experience: Experience, gamma: float | None) -> float:
    """Return `gamma`, else the discount factor of the source, else 1.

    Raises:
        InputError: it is not in 0..1.
    """
    discount = gamma if gamma is not None else experience.gamma
    discount = 1.0 if discount is None else discount
    if not 0.0 <= discount <= 1.0:
        raise InputError(
            f"gamma is {discount:g}, which is not between 0 and 1",
            fix="use a discount factor such as --gamma 0.99",
        )
    return discount

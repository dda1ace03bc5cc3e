"""What to do with trajectories that were cut while the world went on: their gains miss a tail.

keep       as they are: a gain of a trajectory cut after n steps is short of γ^(n+1−t) V(s_{n+1})
drop       leave them out: what is left favours trajectories that end soon
bootstrap  add the tail, from a value that the source gives for the state it was cut in
cut[:ε]    use only steps whose gain misses at most ε max|V|: γ^(n+1−t) ≤ ε, ε = 0.01;
           a step near the limit counts if its trajectory ended, which is drop's bias

Terminated wins where both flags are set. A trajectory with neither is taken to have ended.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError, UsageError, meant
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.trajectories import Trajectories

POLICIES = ("keep", "drop", "bootstrap", "cut")


@dataclass(frozen=True)
class Truncation:
    """One of the four policies, and how many last steps `cut` leaves out."""

    policy: str
    tolerance: float
    margin: int  # the last steps of a truncated trajectory that `cut` does not use

    @classmethod
    def parse(cls, text: str, gamma: float) -> Truncation:
        """Return the policy that `keep`, `drop`, `bootstrap`, `cut` or `cut:0.001` names.

        Raises:
            UsageError: there is no such policy, or ε is not between 0 and 1.
        """
        policy, _, number = text.partition(":")
        if policy not in POLICIES or (number and policy != "cut"):
            raise UsageError(
                f"--truncated {text} is not known",
                fix=meant(policy, POLICIES) + f"one of {', '.join(POLICIES)}",
            )
        try:
            tolerance = float(number) if number else 0.01
        except ValueError:
            tolerance = math.nan
        if not 0 < tolerance < 1:
            raise UsageError(f"--truncated {text}", fix="give a number between 0 and 1 after cut:")
        if gamma in (0.0, 1.0):
            margin = np.iinfo(np.int64).max if gamma else 0
        else:  # the last step misses γ V, the one before it γ² V
            margin = math.ceil(math.log(tolerance) / math.log(gamma) - 1e-12) - 1
        return cls(policy, tolerance, int(margin))


@dataclass(frozen=True)
class Prepared:
    """Trajectories as they are summed up: which ones, their tails, and the steps that count."""

    trajectories: Trajectories
    reward: Floats  # [T] with the last reward of a bootstrapped trajectory replaced where need be
    tail: Floats | None  # [E] what follows the last step; None: nothing
    usable: Ints  # [E] how many of its first steps have a gain that counts
    kept: Flags  # [E before] which trajectories are left
    ends: Counter[str]  # how the trajectories ended, and what was done about it

    def usable_step(self) -> Flags:
        """[T] whether the gain of a step counts."""
        batch = self.trajectories
        if np.array_equal(self.usable, batch.length):
            return np.ones(batch.n_steps, dtype=bool)
        own_time = np.arange(batch.n_steps) - np.repeat(batch.start[:-1], batch.length)
        return own_time < np.repeat(self.usable, batch.length)


def prepare(batch: Trajectories, truncation: Truncation) -> Prepared:
    """Return trajectories with the policy for the truncated ones applied.

    Raises:
        InputError: bootstrap, and the source gives no value for some state it was cut in.
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
    elif truncation.policy == "drop":
        kept = ~cut_off
        batch = batch.select(kept)
        reward, usable = batch.reward, batch.length
    elif truncation.policy == "cut":
        usable = np.where(cut_off, np.maximum(usable - truncation.margin, 0), usable)
    elif truncation.policy == "bootstrap":
        reward, tail, usable = _bootstrapped(batch, cut_off)
    ends["steps_not_used"] = int(batch.length.sum() - usable.sum())
    return Prepared(batch, reward, tail, usable, kept, ends)


def _bootstrapped(batch: Trajectories, cut_off: Flags) -> tuple[Floats, Floats, Ints]:
    """Tails from V(s_{n+1}); where that is unknown from V(s_n), and then step n is not used."""
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
            "no value to bootstrap from: the source does not say what the states are worth in "
            f"which {int(missing.sum()):,} trajectories were cut",
            fix="give a column next_value (V of the state after the step) or value, or use "
            "--truncated keep, drop or cut",
        )
    reward = batch.reward.copy()
    reward[last[missing]] = before[last[missing]]
    return reward, np.where(missing, 0.0, tail), batch.length - missing


def n_trajectories(ends: Mapping[str, int]) -> int:
    """Return how many trajectories there were, whatever became of them."""
    return ends["terminated"] + ends["truncated"] + ends["unknown"]


def facts(ends: Mapping[str, int], truncation: Truncation) -> dict[str, str | int]:
    """Return how trajectories ended, for the facts of a result."""
    told: dict[str, str | int] = {end: ends[end] for end in ("terminated", "truncated", "unknown")}
    if ends["truncated"]:
        told["truncated_policy"] = truncation.policy + (
            f":{truncation.tolerance:g}" if truncation.policy == "cut" else ""
        )
    if ends["steps_not_used"]:
        told["steps_not_used"] = ends["steps_not_used"]
    return told


def warnings(ends: Mapping[str, int], truncation: Truncation) -> list[str]:
    """Return the one warning that truncated trajectories deserve, in the words of their policy."""
    n = ends["truncated"]
    if not n:
        return []
    share = f"{n:,} of {n_trajectories(ends):,} trajectories were truncated"
    effect = {
        "keep": "their gains miss what would have followed, so values are too low where rewards "
        "are positive (too high where negative); see --truncated drop|bootstrap|cut",
        "drop": "they are left out, so values favour trajectories that end soon",
        "bootstrap": "their tails are somebody's estimates, whose error the error bars do not hold",
        "cut": f"steps whose gain misses more than {truncation.tolerance:g} max|V| are not used "
        f"({ends['steps_not_used']:,} steps), so values, also of the start if the limit is near, "
        "favour trajectories that end soon, as with drop",
    }
    return [f"{share}: {effect[truncation.policy]}"]

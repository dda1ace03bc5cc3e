"""Clips: whether advantages fit RLOO or r − μ of rewards that were clipped first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.fitting import Comparison
from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Floats, Ints

ENOUGH = 20
"""Rewards that must agree with their group's median for limits to be named."""


def clipped_rewards(comparison: Comparison) -> str | None:
    """Return a sentence about the limits between which rewards were clipped; None if they were not.

    r_i − A_i is the same for the rewards of a group that were not clipped, its median if fewer than
    half are clipped at either end. A clipped reward stands at A_i plus that.

    Args:
        comparison: the trainer's advantages, which fit no convention.
    """
    if comparison.sample is not None:  # rewards are clipped everywhere or nowhere
        comparison = Comparison(Groups(comparison.sample), comparison.rounding)
    rollouts = comparison.rollouts
    scored, target = rollouts.scored, comparison.target[rollouts.scored.rollout]
    if not np.isfinite(target).all():
        return None
    for name, times in (("rloo", (scored.size - 1) / scored.size), ("dr-grpo", 1.0)):
        part = target * scored.each(times * np.ones(len(scored.size)))
        clipped = part + scored.each(_medians(scored.reward - part, scored.start))
        near = np.abs(clipped - scored.reward) <= 1e-5 * (1 + np.abs(scored.reward))
        below, above = ~near & (scored.reward < clipped), ~near & (scored.reward > clipped)
        low = float(f"{np.median(clipped[below]):.6g}") if below.any() else -np.inf
        high = float(f"{np.median(clipped[above]):.6g}") if above.any() else np.inf
        beside_the_median = near.sum() - len(scored.size)  # which agrees by definition
        if near.all() or beside_the_median < ENOUGH or low >= high:
            continue
        shaped = rollouts.with_rewards({"reward": np.clip(rollouts.reward, low, high)})
        fit = Comparison(replace(comparison.groups, rollouts=shaped)).fit(Convention(name))
        if fit.fits.sum() == comparison.n:
            return (
                f"the same numbers fit {name} of rewards that were clipped to {low:g} .. {high:g}, "
                "as TRL's reward_clip_range does; clip the rewards of the dump to repeat them"
            )
    return None


def _medians(values: Floats, start: Ints) -> Floats:
    """Return [K] the median of each group; of an even number, the lower of the middle two."""
    group = np.repeat(np.arange(len(start) - 1), np.diff(start))
    ordered = values[np.lexsort([values, group])]
    medians: Floats = ordered[start[:-1] + (np.diff(start) - 1) // 2]
    return medians

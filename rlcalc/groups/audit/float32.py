"""What float32 loses: how far a trainer's advantages may be from those in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts

ROUNDING = 2.0**-22
"""What float32 leaves of a number, some operations later, relative to its size."""
UNDIVIDED = 2.0**-18
"""The most that float32 leaves of r − μ where all r are equal, relative to r: 2⁻¹⁹ was seen, in
groups of up to 128. Where σ + ε divides it, at least 2⁻²⁴ |r| / 10⁻⁴ is left, 160 times as much."""
SMALL_PART = 2.0**-4
"""Of the usual advantage. What float32 leaves of large rewards is divided by a σ of its own size,
and comes to about 1, however large the rewards are."""


def allowed(rollouts: Rollouts, how: Convention, advantage: Floats) -> Floats:
    """Return [N] the difference that float32 explains: of A, and of r over what divides.

    Args:
        rollouts: with their rewards.
        how: the convention.
        advantage: [N] what it gives.
    """
    if how.unscored == "counts as 0":
        rollouts = replace(rollouts, unscored=0.0)
    scored = rollouts.scored
    most = np.maximum(np.abs(scored.low), np.abs(scored.high))
    by = _divisor(rollouts, how)
    times = ROUNDING * (4.0 if how.whitens or how.estimator == "gdpo" else 1.0)
    within: Floats = np.abs(advantage)
    within[scored.rollout] += scored.each(most / np.where(by > 0, by, 1.0))
    within *= times
    return within


def _divisor(rollouts: Rollouts, how: Convention) -> Floats:
    """Return [K] what r − μ is divided by in each group with a reward, or about that."""
    scored = rollouts.scored
    by_batch = how.scales and how.estimator != "gdpo" and how.scale == "batch"
    if how.whitens or by_batch:
        values = scored.centred if how.estimator == "reinforce++-baseline" else scored.reward
        spread = np.sqrt(scored.batch_variance(values, 0))
        of_group = spread[np.searchsorted(scored.batch, scored.start[:-1], side="right") - 1]
        return np.ones(len(scored.size)) if how.scale == "none" else of_group
    if _divides_by_group(how):
        return scored.deviation(how.ddof) + how.epsilon
    if how.estimator == "maxrl":
        return np.abs(scored.mean)
    times = 1.0
    if how.estimator == "gpg":
        times = np.count_nonzero(scored.reward) / max(len(scored), 1)
    return np.full(len(scored.size), times)


def allowed_if_equal(groups: Groups, usual: float, how: Convention | None) -> Floats:
    """Return [N] the advantage up to which one is no ghost, in groups whose rewards are all equal.

        min(2⁻¹⁸ |r| / σ_B, M/16)

    with σ_B where the batch's divides, else 1, and the median |A| of the other groups as M: more
    than what float32 leaves of r − μ, and less than what a group's σ + ε makes of that.

    Args:
        groups: judged rollouts.
        usual: M.
        how: the convention that gives them; None: not known.
    """
    most = np.maximum(np.abs(groups.low), np.abs(groups.high))
    if how is not None and not _divides_by_group(how):
        by = groups.placed(_divisor(groups.rollouts, how), 1.0)
        most = most / np.where(by > 0, by, 1.0)
    return np.repeat(np.minimum(UNDIVIDED * most, SMALL_PART * usual), groups.rollouts.size)


def _divides_by_group(how: Convention) -> bool:
    return how.scales and how.scale == "group"

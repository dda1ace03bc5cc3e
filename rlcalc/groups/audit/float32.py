"""Rounding errors of float32: how far a trainer's advantages may be from those in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts

ROUNDING = 2.0**-22
"""The relative rounding error of a number after some operations in float32."""
UNDIVIDED = 2.0**-18
"""The largest error of r − μ in float32 where all r are equal, relative to r: 2⁻¹⁹ was measured in
groups of up to 128. Divided by σ + ε it is at least 2⁻²⁴ |r| / 10⁻⁴, 160 times as much."""
SMALL_PART = 2.0**-4
"""A part of the typical advantage. For large rewards the error of r − μ is divided by a σ of its
own size, and comes to about 1, however large the rewards are."""


def float32_error(rollouts: Rollouts, how: Convention, advantage: Floats) -> Floats:
    """Return [N] the difference that float32 explains: of A, and of r over the divisor.

    Args:
        rollouts: with their rewards.
        how: the convention.
        advantage: [N] of that convention.
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
    """Return [K] the approximate divisor of r − μ in each group with a reward."""
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


def float32_error_if_equal(groups: Groups, typical: float, how: Convention | None) -> Floats:
    """Return [N] the largest advantage that is not a ghost in a group of equal rewards.

        min(2⁻¹⁸ |r| / σ_B, M/16)

    where σ_B is that of the batch if the convention divides by it, else 1, and M is the median |A|
    of the other groups. This is more than the float32 error of r − μ, and less than that error
    divided by a group's σ + ε.

    Args:
        groups: the groups with their statuses.
        typical: M.
        how: the convention behind the advantages; None: unknown.
    """
    most = np.maximum(np.abs(groups.low), np.abs(groups.high))
    if how is not None and not _divides_by_group(how):
        by = groups.for_all(_divisor(groups.rollouts, how), 1.0)
        most = most / np.where(by > 0, by, 1.0)
    return np.repeat(np.minimum(UNDIVIDED * most, SMALL_PART * typical), groups.rollouts.size)


def _divides_by_group(how: Convention) -> bool:
    return how.scales and how.scale == "group"

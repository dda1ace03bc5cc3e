"""Rounding errors of float32: how far a trainer's advantages may be from those in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.grpo import grpo
from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.rollouts import Rollouts, ScoredRollouts

UNIT = 2.0**-24
"""u, the largest relative error of one operation in float32, or of a number that it keeps."""
UNDIVIDED = 2.0**-18
"""The largest error of r − μ in float32 where all r are equal, relative to r: 2⁻¹⁹ was measured in
groups of up to 128. Divided by σ + ε it is at least 2⁻²⁴ |r| / 10⁻⁴, 160 times as much."""
SMALL_PART = 2.0**-4
"""A part of the typical advantage. For large rewards the error of r − μ is divided by a σ of its
own size, and comes to about 1, however large the rewards are."""


def float32_error(
    rollouts: Rollouts, how: Convention, advantage: Floats, n: int | None = None
) -> Floats:
    """Return [n] the difference that float32 explains: the errors of the convention's operations.

        δc = u (n + 2) max|r|            of c = r − μ, with n additions in a row
        δA = δc/D + |A| (δc/D + u (n + 8)),     D = σ + ε, or what else divides

    δA is G/(G − 1) times that where the mean is of the others. δc is 0 in a group of one, where
    r − r is exact, and at most a quarter of max r − min r, so that no difference of the size of the
    advantages themselves fits. The term with |A| stands for the squares, the root and the quotient.

    Args:
        rollouts: with their rewards.
        how: the convention.
        advantage: [N] of that convention.
        n: only the first n rollouts, which are whole groups; None: all.
    """
    if how.unscored == "counts as 0":
        rollouts = replace(rollouts, unscored=0.0)
    scored = rollouts.scored
    within: Floats = np.abs(advantage)
    if len(scored) and how.estimator == "gdpo":
        within[scored.rollout] = _error_of_gdpo(scored, how, within[scored.rollout])
    elif len(scored):
        absolute, relative = _error(scored, how)
        first = scored.rollout
        if n is not None and not isinstance(first, slice):
            first = first[: np.searchsorted(first, n)]
        k = len(scored.size)
        if n is not None:
            m = n if isinstance(first, slice) else len(first)
            k, within = int(np.searchsorted(scored.start, m)), within[:n]
        size = scored.size[:k]
        within[first] *= np.repeat(relative[:k], size)
        within[first] += np.repeat(absolute[:k], size)
    return within[:n]


def _additions(n: Floats | Ints) -> Floats:
    """Return the most additions in a row by which n numbers are summed.

    One after the other there are n − 1; longer sums are formed in pairs of blocks of 128, each of 8
    interleaved partial sums.
    """
    most: Floats = np.minimum(n - 1, 19 + np.ceil(np.log2(np.maximum(n / 128, 1))))
    return most


def _error(scored: ScoredRollouts, how: Convention) -> tuple[Floats, Floats]:
    """Return [K] the error of A that does not grow with |A|, and the one that is relative to it."""
    most = np.maximum(np.abs(scored.low), np.abs(scored.high))
    by = _divisor(scored, how)
    by = np.where(by > 0, by, 1.0)
    absolute = _error_of_centring(scored, how, most) / by
    if how.estimator.startswith("rloo") or how.leave_one_out:  # r − mean of the others
        absolute *= scored.size / np.maximum(scored.size - 1, 1)
    relative = np.full(len(by), 4 * UNIT)
    if how.estimator == "pass-k-analytic":
        relative *= 4
    elif how.estimator == "maxrl":
        relative += absolute
    elif _divides_by_group(how):
        n = _additions(scored.size)
        relative += absolute + UNIT * (n + 4)
        if how.leave_one_out:  # the variance of the others is E[r²] − E[r]²
            lost = np.minimum(UNIT * (n + 2) * (most / by) ** 2, 0.5)
            relative += np.where(scored.size > 2, lost, 0.0)
    elif _divides_by_batch(how):
        batches = _Batches(scored, how)
        relative += UNIT * (batches.additions + 4) + batches.largest(absolute)
        if how.whitens and how.estimator != "batch":
            absolute = absolute + UNIT * (batches.additions + 2) * batches.largest(most / by)
    return absolute, relative


def _error_of_centring(scored: ScoredRollouts, how: Convention, most: Floats) -> Floats:
    """Return [K] δc, the error of r minus the baseline before anything is divided."""
    if "single" in ESTIMATORS[how.estimator].uses:
        error = UNIT * (_additions(scored.size) + 2) * most
        return np.where(scored.size == 1, 0.0, np.minimum(error, (scored.high - scored.low) / 4))
    if how.estimator == "batch":
        batches = _Batches(scored, how)
        return UNIT * (batches.additions + 2) * batches.largest(most)
    return UNIT * most


def _error_of_gdpo(scored: ScoredRollouts, how: Convention, size: Floats) -> Floats:
    """Return [M] the error of the weighted sum of each function's GRPO advantages, whitened."""
    total, error = np.zeros(len(scored)), np.zeros(len(scored))
    for name in scored.rewards:
        part = scored.only(name)
        if len(part):
            z, weight = grpo(part, how), abs(scored.weights.get(name, 1.0))
            own = replace(how, estimator="grpo")
            absolute, relative = map(part.each, _error(part, own))
            error[part.rollout] += weight * (absolute + (relative + UNIT) * np.abs(z))
            total[part.rollout] += scored.weights.get(name, 1.0) * z
    by = scored.each_of_batch(np.sqrt(scored.batch_variance(total, 0)))
    error /= np.where(by > 0, by, 1.0)
    mean = scored.each_of_batch(scored.batch_mean(error))
    n = scored.each_of_batch(_additions(_terms(scored, how)))
    return error + mean + (size + 1) * (mean + UNIT * (n + 8))


class _Batches:
    """The additions of a sum over each group's batch, and the largest value of its groups."""

    def __init__(self, scored: ScoredRollouts, how: Convention) -> None:
        first = np.searchsorted(scored.start, scored.batch[:-1])
        self.first, self.groups = first, np.diff(np.append(first, len(scored.size)))
        self.additions = np.repeat(_additions(_terms(scored, how)), self.groups)

    def largest(self, values: Floats) -> Floats:
        """Return [K] the largest value of each group's batch."""
        return np.repeat(np.maximum.reduceat(values, self.first), self.groups)


def _terms(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return [B] how many numbers a sum over the batch has: rollouts, or their tokens."""
    n = np.diff(scored.batch).astype(np.float64)
    if (how.whitens or how.estimator == "gdpo") and how.whiten.over == "tokens":
        n = np.maximum(n, np.add.reduceat(scored.lengths("whitening"), scored.batch[:-1]))
    return n


def _divisor(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return [K] the approximate divisor of r − μ in each group with a reward."""
    if _divides_by_batch(how):
        centre = how.estimator in ("reinforce++-baseline", "rloo-whitened")
        spread = scored.batch_deviation_in_groups if centre else scored.batch_deviation
        return spread[np.searchsorted(scored.batch, scored.start[:-1], side="right") - 1]
    if _divides_by_group(how):
        return scored.deviation(how.ddof) + how.epsilon
    if how.estimator == "maxrl":
        return np.abs(scored.mean)
    times = 1.0
    if how.estimator == "gpg":
        times = np.count_nonzero(scored.reward) / max(len(scored), 1)
    return np.full(len(scored.size), times)


def _divides_by_batch(how: Convention) -> bool:
    if how.whitens:
        return not (how.scale == "none" and "scale" in ESTIMATORS[how.estimator].uses)
    return how.scales and how.scale == "batch"


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
        by = groups.for_all(_divisor(groups.rollouts.scored, how), 1.0)
        most = most / np.where(by > 0, by, 1.0)
    return np.repeat(np.minimum(UNDIVIDED * most, SMALL_PART * typical), groups.rollouts.size)


def _divides_by_group(how: Convention) -> bool:
    return how.scales and how.scale == "group"


def largest_ghost(groups: Groups, how: Convention | None, epsilon: float) -> Floats:
    """Return [N] the largest advantage that float32 and ε can make of equal rewards.

        2 u (G + 1) |r| / ε

    The 2 allows for rewards that were written with fewer digits. It is 0 if G r has no more than 24
    bits, as whole numbers have: then every sum of the rewards is exact, and r − μ is 0.

    Args:
        groups: the groups with their statuses.
        how: the convention behind the advantages; None: unknown.
        epsilon: the least ε that r − μ may have been divided by.
    """
    most = np.maximum(np.abs(groups.low), np.abs(groups.high))
    size = groups.n_scored
    most = np.where(np.isfinite(most), most, 0.0)
    whole = np.frexp(most)[0] * 2.0**24  # the bits of r as a whole number
    single = (whole == np.round(whole)) & (groups.low == groups.high)
    bits = np.where(single, np.round(whole), 1.0).astype(np.int64)
    odd = bits // np.maximum(bits & -bits, 1)
    exact = single & (odd * size <= 2**24)
    by = np.full(len(most), epsilon)
    if how is not None and not _divides_by_group(how):
        by = groups.for_all(_divisor(groups.rollouts.scored, how), 1.0)
    left = np.where(exact, 0.0, 2 * UNIT * (size + 1) * most)
    with np.errstate(divide="ignore"):
        largest = np.divide(left, by, out=np.zeros(len(left)), where=left > 0)
    return np.repeat(largest, groups.rollouts.size)

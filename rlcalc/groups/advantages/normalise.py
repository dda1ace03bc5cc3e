"""Parts that estimators share: centre a group, divide by a standard deviation, whiten a batch."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.convention import Convention, Whiten
from rlcalc.numerics.arrays import Floats, Ints, segment_means, segment_sums
from rlcalc.rollouts import ScoredRollouts


def whitened(scored: ScoredRollouts, values: Floats, how: Whiten) -> Floats:
    """Return [M] (x − x̄_B) / σ_B, with ε where `how.floor` puts it.

    Args:
        scored: the rollouts, each batch of which is whitened by itself.
        values: [M] x.
        how: over rollouts or tokens; ddof, ε, and whether the mean is taken away.
    """
    weight = scored.lengths("whitening over tokens") if how.over == "tokens" else None
    variance = scored.batch_variance(values, how.ddof, weight)
    deviation = {
        "add": np.sqrt(variance) + how.epsilon,
        "root": np.sqrt(variance + how.epsilon),
        "max": np.sqrt(np.maximum(variance, how.epsilon)),
    }[how.floor]
    if how.centre:
        values = values - scored.each_of_batch(scored.batch_mean(values, weight))
    return quotient(values, scored.each_of_batch(deviation))


def centred(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return [M] r_i − μ, and for the only rollout of a group the advantage of `how.single`."""
    return with_single_groups(scored, scored.centred, how)


def with_single_groups(scored: ScoredRollouts, advantage: Floats, how: Convention) -> Floats:
    """Return [M] advantages where groups of one have that of `how.single`: 0, r or NaN."""
    if how.single == "zero" or not scored.single.any():
        return advantage
    return np.where(scored.single, scored.reward if how.single == "raw" else np.nan, advantage)


def divisor(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return [M] σ + ε of the group or of the batch; 1 + ε for a group of one taken raw."""
    if how.scale == "batch":
        deviation = scored.each_of_batch(np.sqrt(scored.batch_variance(scored.reward, how.ddof)))
        return deviation + how.epsilon
    of_group = scored.deviation(how.ddof)
    if how.single == "raw":
        of_group = np.where(scored.size == 1, 1.0, of_group)
    return scored.each(of_group + how.epsilon)


def quotient(values: Floats, by: Floats) -> Floats:
    """Return x / y, and 0 where both are 0, as in a group of equal rewards with ε = 0."""
    return np.divide(values, by, out=np.zeros(len(values)), where=(by != 0) | np.isnan(values))


def others_deviation(scored: ScoredRollouts, ddof: int) -> Floats:
    """Return [M] σ of the other rewards of each rollout's group; exactly 0 where they are equal.

        Σ_{j≠i} (r_j − μ_{−i})² = Σ_j (r_j − μ)² − (r_i − μ)² G/(G − 1)

    Where the two terms cancel, the sum is computed over the others themselves.

    Args:
        scored: the rollouts.
        ddof: 0 or 1.

    Source: Chan, Golub & LeVeque (1979), for taking a value out of a sum of squares.
    """
    size = scored.each(scored.size)
    squares = scored.each(scored.total(scored.centred**2))
    rest = squares - scored.centred**2 * (size / np.maximum(size - 1, 1))
    cancelled = np.flatnonzero((rest < 1e-3 * squares) & (size > 2))
    if len(cancelled):
        rest[cancelled] = _squares_of_others(scored, cancelled)
    free = size - 1 - ddof
    deviation: Floats = np.sqrt(np.maximum(rest, 0.0) / np.maximum(free, 1))
    return np.where((size > 2) & (squares > 0), deviation, 0.0)


def _squares_of_others(scored: ScoredRollouts, rollout: Ints) -> Floats:
    """Return, for some rollouts, the sum of squares of the others of their group, term by term."""
    group = np.searchsorted(scored.start, rollout, side="right") - 1
    size = scored.size[group]
    edge = np.concatenate([[0], np.cumsum(size)])
    member = np.arange(edge[-1]) - np.repeat(edge[:-1] - scored.start[group], size)
    others = scored.reward[member[member != np.repeat(rollout, size)]]
    edge = edge - np.arange(len(edge))
    left = others - np.repeat(segment_means(others, edge), np.diff(edge))
    return segment_sums(left * left, edge)

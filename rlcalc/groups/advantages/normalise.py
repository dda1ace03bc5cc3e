"""Parts that estimators share: centre a group, divide by a standard deviation, whiten a batch."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.convention import Convention, Whiten
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Scored


def whitened(scored: Scored, values: Floats, how: Whiten) -> Floats:
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


def centred(scored: Scored, how: Convention) -> Floats:
    """Return [M] r_i − μ, and for the only rollout of a group the advantage of `how.single`."""
    return with_single_groups(scored, scored.centred, how)


def with_single_groups(scored: Scored, advantage: Floats, how: Convention) -> Floats:
    """Return [M] advantages where groups of one have that of `how.single`: 0, r or NaN."""
    if how.single == "zero" or not scored.single.any():
        return advantage
    return np.where(scored.single, scored.reward if how.single == "raw" else np.nan, advantage)


def divisor(scored: Scored, how: Convention) -> Floats:
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

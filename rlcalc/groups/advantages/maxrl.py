"""MaxRL: centred rewards in units of their mean."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import centred, quotient
from rlcalc.groups.groups import MIXED, Groups
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import ScoredRollouts


def maxrl(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return how much better each reward is than its group's mean, in units of that mean.

        A_i = (r_i − μ) / (μ + ε)

    With ε = 0 a group whose mean is not above 0 gets 0. With ε > 0, as in SkyRL, a negative mean
    reverses the signs.

    Args:
        scored: the rollouts.
        how: ε, and the advantage in groups of one.

    Returns:
        [M] without a unit.

    Source: arXiv 2602.02710.
    """
    below = scored.mean + how.epsilon
    if how.epsilon == 0:
        below = np.where(scored.mean > 0, below, np.inf)
    if how.single == "raw":
        below = np.where(scored.size == 1, 1.0, below)
    return quotient(centred(scored, how), scored.each(below)) + 0.0  # -0.0 becomes 0


def maxrl_warnings(groups: Groups, conventions: Iterable[Convention]) -> list[str]:
    """Return a warning if maxrl meets groups of different rewards whose mean is not above 0."""
    warnings = []
    for zero in {how.epsilon == 0 for how in conventions if how.estimator == "maxrl"}:
        mean = groups.for_all(groups.rollouts.scored.mean)
        n = int(((mean <= 0 if zero else mean < 0) & (groups.status == MIXED)).sum())
        if n:
            effect = "gives them 0" if zero else "reverses the signs of their advantages"
            warnings.append(
                f"the mean reward of {n:,} mixed {'group' if n == 1 else 'groups'} is "
                f"{'not above' if zero else 'below'} 0: maxrl divides by the mean, and {effect}"
            )
    return warnings

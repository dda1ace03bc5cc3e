"""REINFORCE, without a baseline and with the mean of the batch as baseline."""

from __future__ import annotations

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import whitened
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Scored


def reinforce(scored: Scored, how: Convention) -> Floats:
    """Return the rewards themselves.

        A_i = r_i

    Args:
        scored: the rollouts.
        how: not used.

    Returns:
        [M] in reward units.

    Source: Williams (1992).
    """
    return scored.reward.copy()


def batch(scored: Scored, how: Convention) -> Floats:
    """Return the rewards, whitened over the batch without regard to groups.

        A_i = (r_i − μ_B) / (σ_B + ε)

    With scale `none` there is no division.

    Args:
        scored: the rollouts.
        how: ε and ddof of the batch, and the scale.

    Returns:
        [M] without a unit; in reward units with scale `none`.

    Source: the global normalisation of PRPO, of AReaL's default and, with scale `none`, of
    FlashREINFORCE.
    """
    if how.scale == "none":
        return scored.reward - scored.each_of_batch(scored.batch_mean(scored.reward))
    return whitened(scored, scored.reward, how.whiten)

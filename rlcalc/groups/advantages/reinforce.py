"""REINFORCE and REINFORCE++: raw rewards, and rewards whitened over the batch or its tokens."""

from __future__ import annotations

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import centred, whitened
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import ScoredRollouts


def reinforce(scored: ScoredRollouts, how: Convention) -> Floats:
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


def batch(scored: ScoredRollouts, how: Convention) -> Floats:
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


def reinforce_plus_plus(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return the rewards, whitened over the tokens of the batch.

        A_i = (r_i − r̄) / √(v + ε)
        r̄ = Σ L_i r_i / Σ L_i,      v = Σ L_i (r_i − r̄)² / (Σ L_i − ddof)

    The reward stands at the last token and γ is 1, so every token of a rollout has the gain r_i.

    Args:
        scored: the rollouts, with lengths where tokens are counted.
        how: whiten.

    Returns:
        [M] without a unit.

    Source: Hu (2025), REINFORCE++, arXiv 2501.03262.
    """
    return whitened(scored, scored.reward, how.whiten)


def reinforce_plus_plus_baseline(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return the rewards minus their group's mean, whitened over the batch.

        A_i = whiten_B(r_i − μ)

    Args:
        scored: the rollouts, with lengths where tokens are counted.
        how: whiten, and the advantage in groups of one.

    Returns:
        [M] without a unit.

    Source: Hu (2025), REINFORCE++, arXiv 2501.03262, section on the baseline variant.
    """
    return whitened(scored, centred(scored, how), how.whiten)

"""REINFORCE++ and its baseline form: rewards whitened over the batch, usually over its tokens."""

from __future__ import annotations

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import centred, whitened
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Scored


def reinforce_plus_plus(scored: Scored, how: Convention) -> Floats:
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


def reinforce_plus_plus_baseline(scored: Scored, how: Convention) -> Floats:
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

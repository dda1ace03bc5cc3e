"""GRPO, and Dr. GRPO, which does not divide by the standard deviation."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import centred, divisor, others_deviation, quotient
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import ScoredRollouts


def dr_grpo(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return how much better each reward is than the mean of its group.

        A_i = r_i − μ

    It is Monte Carlo's Â = Q̂ − V̂ with V̂ = μ and Q̂ = r_i: one-step trajectories, each of which
    takes an action of its own.

    Args:
        scored: the rollouts.
        how: the advantage in groups of one.

    Returns:
        [M] in reward units.

    Source: Liu et al. (2025), Understanding R1-Zero-Like Training, arXiv 2503.20783.
    """
    return centred(scored, how)


def grpo(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return how much better each reward is than its group's mean, in standard deviations.

        A_i = (r_i − μ) / (σ + ε),      σ = √( Σ (r_j − μ)² / (G − ddof) )

    With scale `batch` σ is that of all rewards of the step; with `none` this is Dr. GRPO. With
    `leave_one_out` both μ and σ are of the others; if those are all equal, there is no division.

    Args:
        scored: the rollouts.
        how: ε, ddof, the scale, leave-one-out, and the advantage in groups of one.

    Returns:
        [M] without a unit.

    Source: Shao et al. (2024), DeepSeekMath, arXiv 2402.03300, section 4.1 (without ε);
    Liu et al. (2025), arXiv 2508.08221, for the batch's σ.
    """
    left = centred(scored, how)
    if how.leave_one_out:
        size = scored.each(scored.size)
        others = np.maximum(size - 1, 1)
        left = np.where(size > 1, scored.centred * (size / others), left)  # r_i − μ of the others
        if how.scale == "group":
            deviation = others_deviation(scored, how.ddof)
            return left / np.where(deviation > 0, deviation + how.epsilon, 1.0)
    return left if how.scale == "none" else quotient(left, divisor(scored, how))

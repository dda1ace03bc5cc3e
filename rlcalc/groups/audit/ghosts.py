"""Ghosts and foreign baselines: advantages that are not 0 in groups of equal rewards.

A convention with a baseline gives such a group exactly 0. In float32 the mean is rounded, and the
rest of r − μ divided by ε becomes an advantage without a reason: a ghost. A larger advantage was
made by something else, such as a baseline that is not the mean of this group.
"""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.candidates import EPSILONS, candidates
from rlcalc.groups.audit.fitting import Comparison, Fit, best_fit
from rlcalc.groups.audit.float32 import float32_error_if_equal, largest_ghost
from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Flags


def ghosts(comparison: Comparison, how: Convention | None, epsilon: float | None = None) -> Flags:
    """Return [N] whether the advantage is a ghost.

    Args:
        comparison: the trainer's advantages.
        how: the convention behind them; None: unknown.
        epsilon: the least ε that they may have been divided by; None: that of the convention.
    """
    ghost = unexplained(comparison, how)
    if ghost.any():
        least = min(EPSILONS) if how is None else how.epsilon if epsilon is None else epsilon
        ghost &= np.abs(comparison.target) <= largest_ghost(comparison.groups, how, least)
    return ghost


def unexplained(comparison: Comparison, how: Convention | None) -> Flags:
    """Return [N] whether the rewards of the group are equal and the advantage should be 0.

    A convention that gives a group of equal rewards an advantage, as REINFORCE does, has none of
    these.

    Args:
        comparison: the trainer's advantages.
        how: the convention behind them; None: unknown.
    """
    within = float32_error_if_equal(comparison.groups, comparison.typical, how)
    scored = ~np.isnan(comparison.rollouts.reward)
    found = comparison.equal & (np.abs(comparison.target) > within) & scored
    found &= np.isfinite(comparison.target)
    if how is not None and found.any():
        found &= ~(np.abs(advantages(comparison.rollouts, how)) > within)
    return found


def least_epsilon(best: Fit, alike: list[Fit]) -> float:
    """Return the least ε of the conventions that fit as well."""
    return min(fit.how.epsilon for fit in (best, *alike) if fit.how.estimator == best.how.estimator)


def ghost_count(groups: Groups) -> int:
    """Return how many ghosts there are among the trainer's advantages."""
    comparison = Comparison(groups)
    nonzero = comparison.equal & (comparison.target != 0)
    if not nonzero.any() or not ghosts(comparison, None).any():
        return 0
    comparison, best, alike = best_fit(comparison, candidates(groups))
    known = best.how if comparison.explains(best) else None
    return int(ghosts(comparison, known, least_epsilon(best, alike) if known else None).sum())

"""Ghosts: advantages that are not 0 although all rewards of the group are equal.

A convention with a baseline gives such a group exactly 0. In float32 the mean is rounded, and the
rest of r − μ divided by ε becomes an advantage without a reason: a ghost.
"""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.candidates import candidates
from rlcalc.groups.audit.fitting import Comparison, best_fit
from rlcalc.groups.audit.float32 import float32_error_if_equal
from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Flags


def ghosts(comparison: Comparison, how: Convention | None) -> Flags:
    """Return [N] whether the advantage is a ghost.

    A convention that gives a group of equal rewards an advantage, as REINFORCE does, has no ghosts
    there.

    Args:
        comparison: the trainer's advantages.
        how: the convention behind them; None: unknown.
    """
    within = float32_error_if_equal(comparison.groups, comparison.typical, how)
    scored = ~np.isnan(comparison.rollouts.reward)
    ghost = comparison.equal & (np.abs(comparison.target) > within) & scored
    ghost &= np.isfinite(comparison.target)
    if how is not None and ghost.any():
        ghost &= ~(np.abs(advantages(comparison.rollouts, how)) > within)
    return ghost


def ghost_count(groups: Groups) -> int:
    """Return how many ghosts there are among the trainer's advantages."""
    comparison = Comparison(groups)
    nonzero = comparison.equal & (comparison.target != 0)
    if not nonzero.any() or not ghosts(comparison, None).any():
        return 0
    comparison, best, _ = best_fit(comparison, candidates(groups))
    return int(ghosts(comparison, best.how if comparison.explains(best) else None).sum())

"""Ghosts: advantages that are not 0 although all rewards of the group are equal."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.candidates import candidates
from rlcalc.groups.audit.fitting import Comparison, best_of
from rlcalc.groups.audit.float32 import allowed_if_equal
from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Flags


def ghosts(compared: Comparison, how: Convention | None) -> Flags:
    """Return [N] whether it is a ghost: not 0 where all rewards of its group are equal.

    A convention that gives such groups an advantage by right, as REINFORCE does, has no ghosts.

    Args:
        compared: the trainer's advantages.
        how: the convention that gives them; None: not known.
    """
    within = allowed_if_equal(compared.groups, compared.usual, how)
    there = compared.equal & (np.abs(compared.held) > within) & ~np.isnan(compared.rollouts.reward)
    there &= np.isfinite(compared.held)
    if how is not None and there.any():
        there &= ~(np.abs(advantages(compared.rollouts, how)) > within)
    return there


def ghost_count(groups: Groups) -> int:
    """Return how many ghosts there are among the trainer's advantages."""
    compared = Comparison(groups)
    if not (compared.equal & (compared.held != 0)).any() or not ghosts(compared, None).any():
        return 0
    compared, best, _ = best_of(compared, candidates(groups))
    return int(ghosts(compared, best.how if compared.found(best) else None).sum())

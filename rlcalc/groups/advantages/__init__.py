"""Advantages of rollouts: one small function an estimator, beside its formula and source.

All of them take the scored rollouts and a convention, and return [M] advantages. They work on all
groups at once in float64, and give equal rewards exactly 0 wherever a group's mean is taken away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.gdpo import gdpo
from rlcalc.groups.advantages.gpg import gpg
from rlcalc.groups.advantages.grpo import dr_grpo, grpo
from rlcalc.groups.advantages.length_penalty import penalised
from rlcalc.groups.advantages.maxrl import maxrl
from rlcalc.groups.advantages.opo import opo
from rlcalc.groups.advantages.pass_k import pass_k, pass_k_analytic
from rlcalc.groups.advantages.reinforce import batch, reinforce
from rlcalc.groups.advantages.reinforce_plus_plus import (
    reinforce_plus_plus,
    reinforce_plus_plus_baseline,
)
from rlcalc.groups.advantages.remax import remax
from rlcalc.groups.advantages.rloo import rloo
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts, Scored

ESTIMATORS: dict[str, Callable[[Scored, Convention], Floats]] = {
    "grpo": grpo,
    "dr-grpo": dr_grpo,
    "rloo": rloo,
    "reinforce": reinforce,
    "batch": batch,
    "reinforce++": reinforce_plus_plus,
    "reinforce++-baseline": reinforce_plus_plus_baseline,
    "remax": remax,
    "opo": opo,
    "gpg": gpg,
    "pass-k": pass_k,
    "pass-k-analytic": pass_k_analytic,
    "maxrl": maxrl,
    "gdpo": gdpo,
}


@np.errstate(over="ignore", invalid="ignore")  # rewards of 1e308 have no variance in float64
def advantages(rollouts: Rollouts, how: Convention) -> Floats:
    """Return [N] the advantage of each rollout; NaN where there is none.

    Args:
        rollouts: with their rewards.
        how: the estimator and its convention, which says what becomes of unscored rewards too.

    Raises:
        InputError: the estimator needs lengths or a baseline that are not there.
        UsageError: there is no such length penalty.
    """
    if how.unscored == "counts as 0":
        rollouts = replace(rollouts, unscored=0.0)
    if how.length_penalty:
        rollouts = penalised(rollouts, how.length_penalty, how.success)
    scored = rollouts.scored
    answer = np.full(len(rollouts), 0.0 if how.unscored == "gets 0" else np.nan)
    answer[scored.rollout] = ESTIMATORS[how.estimator](scored, how) if len(scored) else 0.0
    return answer

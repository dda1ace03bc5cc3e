"""Advantages of rollouts: runs the estimator that a convention names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import numpy as np

from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.length_penalty import penalised
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts, ScoredRollouts


@np.errstate(over="ignore", invalid="ignore")  # rewards of 1e308 have no variance in float64
def advantages(rollouts: Rollouts, how: Convention) -> Floats:
    """Return [N] the advantage of each rollout; NaN where there is none.

    Args:
        rollouts: with their rewards.
        how: the estimator and its convention, which also decides about unscored rollouts.

    Raises:
        InputError: the estimator needs lengths or a baseline that are not there.
        UsageError: there is no such length penalty.
    """
    if how.unscored == "counts as 0":
        rollouts = replace(rollouts, unscored=0.0)
    scored = penalised(rollouts, how.length_penalty, how.success).scored
    answer = np.full(len(rollouts), 0.0 if how.unscored == "gets 0" else np.nan)
    answer[scored.rollout] = estimator_function(how.estimator)(scored, how) if len(scored) else 0.0
    return answer


def estimator_function(estimator: str) -> Callable[[ScoredRollouts, Convention], Floats]:
    """Return the function of an estimator; its file is imported on first use."""
    module, _, name = ESTIMATORS[estimator].function.partition(":")
    function: Callable[[ScoredRollouts, Convention], Floats] = getattr(
        import_module(f"rlcalc.groups.advantages.{module}"), name
    )
    return function

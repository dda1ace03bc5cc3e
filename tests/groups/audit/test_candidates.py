"""Candidates: every convention of a trainer is tried, each once, the plainest first."""

from dataclasses import replace

import numpy as np

from rlcalc.groups.advantages.trainers import TRAINERS
from rlcalc.groups.audit.candidates import candidates
from rlcalc.groups.groups import Groups
from rlcalc.rollouts import Rollouts


def groups(**columns: object) -> Groups:
    """One group of two and one of one."""
    columns = {"reward": [0.0, 1.0, 2.0], "advantage": [1.0, 2.0, 3.0], **columns}
    return Groups(Rollouts.from_arrays([0, 0, 1], **columns))  # type: ignore[arg-type]


def test_the_default_of_every_trainer_is_tried() -> None:
    tried = {how.description() for how in candidates(groups(advantage=[1.0, 2.0, np.nan]))}
    defaults = [next(iter(known.values())) for known in TRAINERS.values()]

    assert {replace(how, unscored="gets none").description() for how in defaults} <= tried


def test_no_convention_is_tried_twice() -> None:
    tried = candidates(groups())

    assert len(set(tried)) == len(tried)
    assert tried[0].estimator == "grpo"


def test_unscored_rollouts_may_count_as_0() -> None:
    without = candidates(groups())
    tried = candidates(groups(reward=[0.0, 1.0, np.nan]))

    assert not any(how.unscored == "counts as 0" for how in without)
    assert sum(how.unscored == "counts as 0" for how in tried) * 2 == len(tried)

"""Clips: rewards that were clipped before their advantages are found out."""

import numpy as np
import pytest

import rlcalc
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.rollouts import Rollouts

GROUP = np.repeat(np.arange(12), 8)
REWARD = np.random.default_rng(0).normal(size=96)


def notes(how: Convention, low: float, high: float) -> str:
    theirs = advantages(Rollouts.from_arrays(GROUP, np.clip(REWARD, low, high)), how)
    theirs = theirs.astype(np.float32).astype(float)
    return " ".join(rlcalc.audit(Rollouts.from_arrays(GROUP, REWARD, advantage=theirs)).notes)


@pytest.mark.parametrize("name", ["rloo", "dr-grpo"])
def test_the_limits_are_named(name: str) -> None:
    how = Convention(name)

    assert f"fit {name} of rewards that were clipped to -1.5 .. 1.5" in notes(how, -1.5, 1.5)
    assert "clipped to -inf .. 1.25" in notes(how, -np.inf, 1.25)


def test_nothing_is_said_where_nothing_was_clipped() -> None:
    strange = np.random.default_rng(1).normal(size=96)
    result = rlcalc.audit(Rollouts.from_arrays(GROUP, REWARD, advantage=strange))

    assert "clipped" not in notes(Convention("rloo"), -9, 9)
    assert "clipped" not in " ".join(result.notes)

"""Fitting: what a sample of the groups rules out would not have been the best of them all."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.trainers import TRAINERS
from rlcalc.groups.audit import fitting
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts

MEANT = [
    how for known in TRAINERS.values() for name, how in known.items() if name not in ("remax",)
]


def rollouts_with(rng: np.random.Generator, advantage: Floats | None = None) -> Rollouts:
    """12 groups of 1 to 5 in two steps, some of them equal, some rewards never given."""
    size = rng.integers(1, 6, 12)
    group = np.repeat(np.arange(12), size)
    reward = rng.choice([0.0, 0.25, 1.0, np.nan], len(group), p=[0.3, 0.3, 0.3, 0.1])
    return Rollouts.from_arrays(
        group,
        np.where(group % 5 == 0, 1.0, reward),
        step=group // 6,
        length=rng.integers(1, 90, len(group)),
        **({} if advantage is None else {"advantage": advantage}),
    )


@given(
    st.integers(0, 2**32), st.sampled_from(MEANT), st.floats(0, 1), st.sampled_from([None, 2, 4])
)
def test_a_sample_changes_no_answer(
    seed: int, how: Convention, spoilt: float, decimals: int | None
) -> None:
    """Whatever convention it is, with some advantages changed, and rounded or not."""
    theirs = advantages(rollouts_with(np.random.default_rng(seed)), how)
    rng = np.random.default_rng(seed + 1)
    theirs = np.where(rng.random(len(theirs)) < spoilt**3, rng.normal(size=len(theirs)), theirs)
    theirs = theirs if decimals is None else theirs.round(decimals)
    rollouts = rollouts_with(np.random.default_rng(seed), theirs)
    whole = rlcalc.audit(rollouts)
    for sample in (1, 2):
        with mock.patch.object(fitting, "SAMPLE", sample):
            sampled = rlcalc.audit(rollouts)

        assert repr(sampled.facts) == repr(whole.facts)
        assert sampled.notes == whole.notes
        assert repr(sampled.plain()) == repr(whole.plain())


@pytest.mark.parametrize("how", [*MEANT, Convention("pass-k-analytic"), Convention("remax")])
def test_what_depends_on_its_group_alone_is_the_same_without_the_others(how: Convention) -> None:
    rollouts = Rollouts.from_arrays(
        np.repeat(np.arange(9), 4),
        np.append(np.zeros(4), np.random.default_rng(0).random(32)),
        length=np.arange(1, 37),
        baseline=np.full(36, 0.5),
    )
    alone = advantages(rollouts.first(4), how)

    assert np.array_equal(alone, advantages(rollouts, how)[:16], equal_nan=True) == how.by_group

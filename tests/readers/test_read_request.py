"""A request says what is read; what is not read cannot be wrong."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError

STEPS = {"episode": [0, 0, 1], "state": ["a", "b", "a"], "action": ["x"] * 3, "reward": [1.0, 2, 3]}
FIELDS = ("value", "next_value", "log_prob", "behaviour_prob")


@given(st.sampled_from(FIELDS), st.sampled_from([float("inf"), -float("inf"), "word", 7.5]))
def test_nothing_in_a_field_that_is_not_read_is_a_fault(name: str, wrong: object) -> None:
    column = pl.Series([wrong] * 3)
    steps = pl.DataFrame(STEPS).with_columns(column.alias(name))
    lists = steps.group_by("episode", maintain_order=True).all()

    for source in (steps, lists):
        read = rlcalc.load(source, unread=FIELDS).whole()
        assert read.reward.tolist() == [1, 2, 3]
        assert [getattr(read, field) for field in ("value", "log_prob", "behaviour_prob")] == [
            None
        ] * 3


def test_a_field_that_is_read_is_looked_at() -> None:
    frame = pl.DataFrame(STEPS).with_columns(pl.lit(7.5).alias("behaviour_prob"))

    with pytest.raises(InputError, match=r"behaviour_prob is 7\.5"):
        rlcalc.load(frame).whole()

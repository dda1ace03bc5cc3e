"""The policy gradient of logged episodes from shards, beside that of one reading."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError, UsageError
from tests.shards.conftest import Cut


@pytest.fixture
def names(cut: Cut) -> list[str]:
    """Episodes of the student, cut into three files in the middle of episodes."""
    steps = rlcalc.simulate("student", 300, seed=1, with_prob=True).whole()
    import polars as pl

    frame = pl.DataFrame(
        {
            "trajectory": steps.trajectory,
            "t": steps.time_since_start,
            "state": steps.states.named(steps.state),
            "action": steps.actions.named(steps.action),
            "reward": steps.reward,
            "behaviour_prob": steps.behaviour_prob,
            "terminated": np.isin(np.arange(steps.n_steps), steps.start[1:] - 1),
        }
    )
    return cut(frame, [301, 777])


@pytest.mark.parametrize("baseline", ["none", "value", "optimal"])
def test_a_gradient_of_shards_is_that_of_one_reading(names: list[str], baseline: Any) -> None:
    one = rlcalc.gradient("student", from_data=names, baseline=baseline)
    many = rlcalc.by_shards("gradient", names, model="student", baseline=baseline, jobs=2)

    assert list(one) == list(many)
    for column in one:
        if one[column].dtype.kind == "f":
            assert np.allclose(one[column], many[column], rtol=1e-9, atol=1e-12, equal_nan=True)
        else:
            assert list(one[column]) == list(many[column])
    assert many.facts["episodes"] == 300


@pytest.mark.parametrize("arguments", [{"baseline": "mean"}, {"critic": "estimated"}])
def test_what_needs_the_episodes_twice_is_refused(
    names: list[str], arguments: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="needs the episodes twice"):
        rlcalc.by_shards("gradient", names, model="student", **arguments)


def test_states_that_the_model_lacks_are_told(names: list[str]) -> None:
    with pytest.raises(InputError, match="the model has no state class1"):
        rlcalc.by_shards("gradient", names, model="two-rooms")


def test_partials_of_a_gradient_merge(names: list[str]) -> None:
    whole = rlcalc.by_shards("gradient", names, model="student", form="q")
    parts = [
        rlcalc.partial("gradient", name, model="student", form="q", like=names[0], shard=f"{n}/3")
        for n, name in enumerate(names, start=1)
    ]

    assert list(rlcalc.merge(*parts).rows()) == list(whole.rows())
    assert Path(names[0]).name in rlcalc.merge(*parts).sources[0]

"""One group explained: the arithmetic gives the advantage beside it."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import UsageError
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.explain import explain
from rlcalc.rollouts import Rollouts

ROLLOUTS = Rollouts.from_arrays(["a", "a", "a", "b", "b"], [0.0, 2.0, 4.0, 1.0, np.nan])


@pytest.mark.parametrize(
    "how", [Convention(epsilon=0.5), Convention("rloo"), Convention("dr-grpo")]
)
def test_the_arithmetic_comes_to_the_advantage(how: Convention) -> None:
    result = explain(ROLLOUTS, "a", how)
    python = [re.sub("−", "-", line).replace("·", "*") for line in result["arithmetic"]]

    np.testing.assert_allclose([eval(line) for line in python], result["advantage"])


@given(
    st.lists(st.integers(-40, 40), min_size=2, max_size=6),
    st.sampled_from([0.0, 0.1, 1e6, 1e9, 1e12]),
    st.sampled_from([Convention(), Convention("rloo"), Convention("dr-grpo"), Convention(ddof=0)]),
)
def test_the_digits_that_are_shown_come_to_the_advantage(
    steps: list[int], offset: float, how: Convention
) -> None:
    """Also where rewards differ far behind their first six digits."""
    rewards = [offset + step / 8 for step in steps]
    result = explain(Rollouts.from_arrays(["a"] * len(steps), rewards), "a", how)
    python = [re.sub("−", "-", line).replace("·", "*") for line in result["arithmetic"]]

    for line, advantage in zip(python, result["advantage"], strict=True):
        assert f"{eval(line) + 0.0:.6g}" == f"{advantage + 0.0:.6g}"


def test_a_rollout_without_a_reward_has_no_arithmetic() -> None:
    result = explain(ROLLOUTS, "b", Convention("dr-grpo"))

    assert result["arithmetic"].tolist() == ["1 − 1", None]
    assert result.facts["status"] == "single"


def test_other_estimators_have_no_arithmetic() -> None:
    assert "arithmetic" not in explain(ROLLOUTS, "a", Convention("reinforce")).columns


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(UsageError, match="no group c"):
        explain(ROLLOUTS, "c", Convention())

"""One group explained: the arithmetic gives the advantage beside it."""

import re

import numpy as np
import pytest

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


def test_a_rollout_without_a_reward_has_no_arithmetic() -> None:
    result = explain(ROLLOUTS, "b", Convention("dr-grpo"))

    assert result["arithmetic"].tolist() == ["1 − 1", None]
    assert result.facts["status"] == "single"


def test_other_estimators_have_no_arithmetic() -> None:
    assert "arithmetic" not in explain(ROLLOUTS, "a", Convention("reinforce")).columns


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(UsageError, match="no group c"):
        explain(ROLLOUTS, "c", Convention())

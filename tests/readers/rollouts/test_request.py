"""What is asked of rollouts either fits together, or the error says which option to change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import UsageError
from rlcalc.readers.rollouts.request import RolloutRequest

COLUMNS = {"group": ["g", "g"], "a": [1.0, 0.0], "b": [0.5, 2.0], "step": [1, 2]}


def test_none_is_no_name_of_a_column() -> None:
    """With it steps, and ids of rollouts, are left out."""
    request = RolloutRequest(group="g", length="n", step="none", rollout="none")

    assert request.named() == {"group": "g", "length": "n"}
    assert len(rlcalc.load_rollouts(COLUMNS, reward=("a",)).group) == 2
    assert len(rlcalc.load_rollouts(COLUMNS, reward=("a",), step="none").group) == 1


@given(st.permutations(["a", "b"]), st.tuples(st.integers(-9, 9), st.integers(-9, 9)))
def test_weights_are_those_of_the_rewards_in_their_order(
    names: list[str], weights: tuple[int, int]
) -> None:
    rollouts = rlcalc.load_rollouts(COLUMNS, reward=tuple(names), weights=weights)
    of = dict(zip(names, weights, strict=True))

    assert rollouts.reward.tolist() == [1.0 * of["a"] + 0.5 * of["b"], 2.0 * of["b"]]


@pytest.mark.parametrize(
    ("options", "what", "fix"),
    [
        ({"weights": (1.0,)}, "--weights without --reward", "--reward a,b --weights 1,0.5"),
        (
            {"reward": ("a", "b"), "weights": (1.0,)},
            "weights is 1, and that of rewards 2: a and b",
            "--weights 1,1",
        ),
        ({"reward": ("a", "b", "a")}, "--reward a,b,a", "name each reward once"),
    ],
)
def test_weights_and_rewards_that_do_not_fit_are_refused_before_anything_is_read(
    options: dict[str, Any], what: str, fix: str
) -> None:
    with pytest.raises(UsageError, match=what) as error:
        rlcalc.load_rollouts("no such file", **options)

    assert fix in error.value.faults[0].fix

import numpy as np
import pytest

from rlcalc.objectives.convention import Objective

LENGTH = np.array([2, 0, 4])


@pytest.mark.parametrize(
    ("aggregate", "weights"),
    [
        ("token-mean", [1 / 6, 1 / 6, 1 / 6]),
        ("token-sum", [1, 1, 1]),
        ("seq-mean-token-sum", [1 / 2, 1 / 2, 1 / 2]),
        ("seq-mean-token-mean", [1 / 4, 1 / 2, 1 / 8]),
        ("constant", [1 / 200, 1 / 200, 1 / 200]),
    ],
)
def test_the_weight_of_a_token_on_paper(aggregate: str, weights: list[float]) -> None:
    """Two rollouts of 2 and 4 tokens, and one without any, which counts in TRL's mean."""
    how = Objective(aggregate=aggregate, constant=100.0)
    every = Objective(aggregate="seq-mean-token-sum", counts_empty=True)

    np.testing.assert_allclose(how.weights(LENGTH) * how.factor(LENGTH, 9), weights)
    assert every.factor(LENGTH, 9) == pytest.approx(1 / 3)


def test_without_a_number_the_constant_is_the_longest_list() -> None:
    assert Objective(aggregate="constant").factor(LENGTH, 9) == pytest.approx(1 / 18)


def test_the_description_names_the_clips() -> None:
    assert Objective(high=0.28, dual_clip=3.0).description() == "ppo clip 0.2:0.28 dual clip 3"
    assert Objective("cispo", high=5.0, absolute_high=True).description() == "cispo clip at 5"

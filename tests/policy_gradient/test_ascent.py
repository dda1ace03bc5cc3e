"""Gradient ascent climbs, and refuses what does not fit."""

import math

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import UsageError
from rlcalc.policy import Policy
from rlcalc.policy_gradient.ascent import ascend
from rlcalc.policy_gradient.request import AscentRequest, GradientRequest
from tests.policy_gradient.setups import looping, softmax_setup


@pytest.mark.parametrize("form", ["trajectory", "gain", "q", "advantage"])
def test_an_estimated_ascent_climbs_too(form: str) -> None:
    answer, _ = rlcalc.ascend("language", 10, 1.0, episodes=500, form=form, seed=1)  # type: ignore[arg-type]

    assert answer["objective"][-1] > answer["objective"][0] + 0.1
    assert answer["cosine"][0] > 0.8


def test_the_first_step_of_a_small_ascent_is_as_high_as_the_gradient_says() -> None:
    """J(θ + η ∇J) = J + η |∇J|² + O(η²)."""
    answer, _ = rlcalc.ascend("student", 1, 1e-6)
    rise = answer["objective"][1] - answer["objective"][0]

    assert rise == pytest.approx(1e-6 * answer["gradient_norm"][0] ** 2, rel=1e-4)


def test_a_step_adds_the_gradient_to_the_logits() -> None:
    """θ + η ∇J, by hand from the exact gradient of the first policy."""
    setup = softmax_setup(looping(), 1, 1, 0.8)
    logit = np.log(setup.play.policy.weight) + 0.5 * setup.exact.gradient
    _, policy = ascend(setup, AscentRequest(1, 0.5))

    assert policy.weight == pytest.approx(Policy.softmax(setup.mdp.expected, logit, 1.0).weight)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.1, None), "steps is 0"),
        ((3, -1.0, None), "the learning rate is -1"),
        ((3, math.nan, None), "the learning rate is nan"),
        ((3, 0.1, GradientRequest()), "the estimate of one form"),
        ((3, 0.1, GradientRequest("q", rows="variance")), "leave out --rows"),
    ],
)
def test_a_request_that_makes_no_ascent_is_refused(
    arguments: tuple[int, float, GradientRequest | None], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        AscentRequest(*arguments)

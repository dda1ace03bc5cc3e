"""Lengths and angles of gradients."""

import numpy as np
import pytest

from rlcalc.policy_gradient.compare import compare_with_exact
from rlcalc.policy_gradient.report import cosine, norm
from rlcalc.policy_gradient.request import GradientRequest
from tests.policy_gradient.setups import looping, softmax_setup


def test_norm_and_cosine_by_hand() -> None:
    assert norm(np.array([3.0, 4.0])) == 5
    assert cosine(np.array([3.0, 4.0]), np.array([4.0, -3.0])) == 0
    assert cosine(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(0.5**0.5)
    assert np.isnan(cosine(np.zeros(2), np.ones(2)))


def test_a_parameter_that_no_episode_met_has_no_error() -> None:
    """One episode: it has neither a variance nor a z."""
    answer = compare_with_exact(softmax_setup(looping(), 1, 1, 0.8), GradientRequest("gain"))

    assert np.isnan(answer["se"]).all()
    assert np.isnan(answer["z"]).all()

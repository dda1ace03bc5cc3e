"""Lengths and angles of gradients."""

import numpy as np

from rlcalc.policy_gradient.compare import compare_with_exact
from rlcalc.policy_gradient.request import GradientRequest
from tests.policy_gradient.setups import looping, softmax_setup


def test_a_parameter_that_no_episode_met_has_no_error() -> None:
    """One episode: it has neither a variance nor a z."""
    answer = compare_with_exact(softmax_setup(looping(), 1, 1, 0.8), GradientRequest("gain"))

    assert np.isnan(answer["se"]).all()
    assert np.isnan(answer["z"]).all()

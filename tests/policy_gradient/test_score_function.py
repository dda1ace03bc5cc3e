"""The score function is the derivative of log π."""

import numpy as np
import pytest

from rlcalc.numerics.arrays import Floats
from rlcalc.policy import Policy
from rlcalc.policy_gradient.score_function import ScoreFunction
from rlcalc.policy_gradient.target_policy import TargetPolicy
from tests.policy_gradient.setups import looping, softmax_setup


def test_scores_are_finite_differences_of_the_log_probability() -> None:
    """∂/∂θ Σ_t Ψ_t log π(a_t|s_t), episode by episode."""
    setup = softmax_setup(looping(), 5, 3, 0.8)
    mdp, batch = setup.mdp, setup.play.experience().whole()
    logit, step = np.log(setup.play.policy.weight), 1e-6
    pair = TargetPolicy(mdp, setup.play.policy.weight, 0.8).pairs(batch)
    psi = np.random.default_rng(1).normal(size=batch.n_steps)
    scores = ScoreFunction.of(batch, mdp, setup.play.policy.weight, pair)

    def objective(theta: Floats) -> float:
        return float(psi @ np.log(Policy.softmax(mdp.expected, theta, 1.0).weight[pair]))

    expected = [
        (objective(logit + h) - objective(logit - h)) / (2 * step)
        for h in step * np.eye(mdp.n_pairs)
    ]
    assert np.bincount(scores.pair, scores(psi), mdp.n_pairs) == pytest.approx(expected, abs=1e-6)

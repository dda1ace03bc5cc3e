"""The setup of a gradient: its policy, and other policies of the same model."""

import pytest

from rlcalc.errors import UsageError
from rlcalc.policy import Policy
from rlcalc.policy_gradient.setup import set_up
from rlcalc.simulation.request import PlayRequest
from tests.policy_gradient.setups import looping, softmax_setup


def test_zero_logits_are_the_uniform_policy() -> None:
    mdp = looping()
    setup = set_up(mdp, PlayRequest(5, start="0", gamma=0.8), "zero")

    assert setup.play.policy.weight == pytest.approx(Policy.uniform(mdp.expected).weight)
    assert setup.play.policy_name == "zero logits"
    with pytest.raises(UsageError, match="both define the policy"):
        set_up(mdp, PlayRequest(5, policy="uniform", start="0"), "zero")


def test_another_policy_keeps_the_start_and_gamma() -> None:
    first = softmax_setup(looping(), 5, 1, 0.8)
    other = first.induced_by(Policy.uniform(first.mdp.expected), seed=9)
    same = set_up(looping(), PlayRequest(5, "uniform", start="0", seed=9, gamma=0.8))

    assert other.start.tolist() == first.start.tolist()
    assert other.exact.objective == pytest.approx(same.exact.objective)
    assert other.play.seed == 9

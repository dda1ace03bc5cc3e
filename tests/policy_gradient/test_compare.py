"""Estimates beside the exact gradient: the notes and facts that explain them."""

import pytest

import rlcalc
from rlcalc.policy_gradient.compare import compare_with_exact
from rlcalc.policy_gradient.request import GradientRequest
from tests.policy_gradient.setups import looping, softmax_setup


def test_small_groups_are_noted() -> None:
    """Four episodes of one group: the mean takes a quarter off each estimate."""
    (note,) = rlcalc.gradient("student", 4, seed=1, baseline="mean").notes

    assert note.endswith("by about 25% here (4 episodes, groups: 1)")
    assert not rlcalc.gradient("student", 40, seed=1, baseline="mean").notes


def test_the_bias_without_discount_weight_is_a_fact() -> None:
    """At γ = 1 the factor γ^t is 1, so that its absence changes nothing."""
    facts = [
        compare_with_exact(
            softmax_setup(looping(), 50, 1, gamma), GradientRequest("q", discount_weight=False)
        ).facts
        for gamma in (1.0, 0.7)
    ]

    assert facts[0]["bias"] == pytest.approx(0, abs=1e-12)
    assert facts[0]["cosine_without_weight"] == pytest.approx(1)
    assert facts[1]["bias"] > 0.01  # type: ignore[operator]
    assert "biased without the factor γ^t" in str(facts[1]["statement"])

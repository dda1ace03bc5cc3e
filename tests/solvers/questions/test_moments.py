"""Moments of the gain: every trajectory in fractions, total variance, and their bounds."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import NotConverged
from tests.solvers.models import mdp_of, models
from tests.solvers.trajectories_of import gains_of, mean_and_variance


def uniform(mdp: rlcalc.MDP) -> Any:
    return rlcalc.Policy.uniform(mdp.expected)


@given(models(), st.sampled_from([0.0, 0.9, 1.0]), st.integers(1, 3))
def test_moments_of_a_horizon_are_those_of_all_trajectories(
    mdp: rlcalc.MDP, gamma: float, steps: int
) -> None:
    policy = uniform(mdp)
    result = rlcalc.solve(mdp, gamma=gamma, policy=policy, rows="return", steps_to_go=steps)
    facts: Any = result.facts

    for s in range(mdp.n_states):
        mean, variance = mean_and_variance(gains_of(mdp, policy.weight, gamma, steps, s))
        assert abs(Fraction(result["mean"][s]) - mean) <= facts["bound"]
        assert abs(Fraction(result["variance"][s]) - variance) <= facts["variance_bound"]


@given(models(), st.sampled_from([0.5, 0.9]))
def test_the_variance_of_a_start_has_two_parts(mdp: rlcalc.MDP, gamma: float) -> None:
    """Var G = E Var(G | s) + Var E(G | s), where the start is a first step without reward."""
    from dataclasses import replace

    started = replace(mdp, start=np.full(mdp.n_states, 1 / mdp.n_states))
    result = rlcalc.solve(started, gamma=gamma, policy="uniform", rows="return")
    facts: Any = result.facts
    both = result["variance"].mean() + result["mean"].var()

    assert abs(facts["start_variance"] - both) <= facts["start_variance_bound"] + 1e-9


def test_without_a_policy_each_number_of_steps_to_go_has_its_best_one() -> None:
    """With one step to go 1 at once is best; with two, waiting for 5 is, and it is certain."""
    mdp = mdp_of(
        {(0, 0): [(2, 0.5, 0.0), (2, 0.5, 2.0)], (0, 1): [(1, 1.0, 0.0)], (1, 0): [(2, 1.0, 5.0)]},
        3,
    )
    result = rlcalc.solve(mdp, gamma=1.0, rows="return", horizon=2, states=["0"])

    assert result["steps_to_go"].tolist() == [2, 1]
    assert result["mean"].tolist() == [5.0, 1.0]
    assert result["variance"].tolist() == [0.0, 1.0]


def test_a_variance_that_is_not_proven_is_not_converged() -> None:
    """Squares of rewards of 1e5 have more digits than the tolerance leaves to floats."""
    mdp = mdp_of({(0, 0): [(0, 0.5, 1e5), (0, 0.3, 1.0), (1, 0.2, -1e5)]}, 2)
    with pytest.raises(NotConverged, match="variance") as caught:
        rlcalc.solve(mdp, gamma=0.999, rows="return", tol=1e-5)

    assert caught.value.result["variance"][0] > 0
    assert rlcalc.solve(mdp, gamma=0.999, rows="return")["variance"][0] > 0

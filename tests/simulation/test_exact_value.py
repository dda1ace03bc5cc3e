"""Exact values of simulated policies: by plain loops, and by a linear system."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc import MDP, Policy
from rlcalc.simulation import exact_value
from tests.simulation.plays import TWO, played
from tests.solvers.models import mdp_of, models, value_of


@given(models(), st.integers(1, 8), st.sampled_from([1.0, 0.5]))
def test_the_exact_value_beside_the_mean_is_that_of_so_many_steps(
    mdp: MDP, steps: int, gamma: float
) -> None:
    """V_n by plain loops over the pairs."""
    play = played(mdp, 1, steps, gamma=gamma)
    value = np.zeros(mdp.n_states)
    weight = Policy.uniform(mdp.expected).weight
    for _ in range(steps):
        following = np.zeros(mdp.n_states)
        for k, s in enumerate(mdp.expected.pair_state):
            for i in range(mdp.outcome_start[k], mdp.outcome_start[k + 1]):
                ahead = mdp.reward[i] + gamma * value[mdp.next_state[i]]
                following[s] += weight[k] * mdp.probability[i] * ahead
        value = following
    assert isinstance(play.world, MDP)
    assert play.world.start is not None

    assert play.exact
    assert play.exact.start_value == pytest.approx(play.world.start @ value, abs=1e-9)


def test_the_exact_value_of_an_endless_play_is_that_of_a_linear_system() -> None:
    model = replace(mdp_of(TWO, 2), start=np.array([1.0, 0.0]))
    exact = value_of(model, Policy.uniform(model.expected).weight, 0.9)[0]

    play = played(model, 1, gamma=0.9)
    assert play.exact

    assert play.exact.start_value == pytest.approx(exact, abs=1e-12)


def test_a_value_that_costs_too_much_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep reads 3 outcomes and costs as much as 2,000 more: 5 sweeps are above 10,000."""
    monkeypatch.setattr(exact_value, "MOST_OUTCOMES", 10_000)
    model = replace(mdp_of(TWO, 2), start=np.array([1.0, 0.0]))
    values = [played(model, 1, steps).exact for steps in (4, 5)]

    assert [value.start_value is None for value in values if value] == [False, True]


def test_a_value_that_does_not_exist_is_left_out() -> None:
    """Without discount an endless reward has no sum, while that of five steps is 5."""
    loop = replace(mdp_of({(0, 0): [(0, 1.0, 1.0)]}, 1), start=np.ones(1))
    play = played(loop, 1, 5)
    assert play.exact

    assert play.exact.start_value == 5
    assert play.exact.solution is None
    assert play.exact.state_value is None

"""The spread of the gain: by hand, by the second moment, and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from tests.solvers.models import mdp_of, models


def test_a_random_reward_counts() -> None:
    """0 or 2 with a half each has the variance 1, though one knows where it leads."""
    mdp = mdp_of({(0, 0): [(1, 0.5, 0.0), (1, 0.5, 2.0)]}, 2)
    result = rlcalc.solve(mdp, rows="return")

    assert result["mean"].tolist() == [1.0, 0.0]
    assert result["variance"].tolist() == [1.0, 0.0]
    assert result["sd"].tolist() == [1.0, 0.0]


def test_the_length_of_a_geometric_game_has_its_variance() -> None:
    """Steps until a success of probability p have the variance (1 − p)/p²."""
    mdp = mdp_of({(0, 0): [(0, 0.75, 1.0), (1, 0.25, 1.0)]}, 2)
    result = rlcalc.solve(mdp, gamma=1.0, rows="return")

    assert result["variance"][0] == pytest.approx(12, abs=1e-11)


@given(models(), st.sampled_from([0.0, 0.5, 0.9]))
def test_the_variance_is_the_second_moment_less_the_square(mdp: rlcalc.MDP, gamma: float) -> None:
    """V⁽²⁾ = E[r² + 2 γ r V(s')] + γ² P V⁽²⁾, dense."""
    result = rlcalc.solve(mdp, gamma=gamma, policy="uniform", rows="return")
    value, n = result["mean"], mdp.n_states
    second, chain = np.zeros(n), np.zeros((n, n))
    for k, s in enumerate(mdp.expected.pair_state):
        share = 1 / (mdp.pair_start[s + 1] - mdp.pair_start[s])
        for i in range(mdp.outcome_start[k], mdp.outcome_start[k + 1]):
            p, r, after = share * mdp.probability[i], mdp.reward[i], mdp.next_state[i]
            second[s] += p * (r * r + 2 * gamma * r * value[after])
            chain[s, after] += p
    moment = np.linalg.solve(np.eye(n) - gamma**2 * chain, second)

    np.testing.assert_allclose(result["variance"], moment - value**2, atol=1e-7)


def test_simulated_gains_have_the_variance() -> None:
    result = rlcalc.solve("gridworld-4x4", policy="uniform", rows="return", states=["6"])
    runs = rlcalc.simulate("gridworld-4x4", 4000, policy="uniform", start="6", seed=1)
    lengths = -np.diff(runs.whole().start).astype(float)

    assert lengths.mean() == pytest.approx(result["mean"][0], abs=4 * result["sd"][0] / 4000**0.5)
    assert lengths.var() == pytest.approx(result["variance"][0], rel=0.15)


def test_rewards_for_ever_have_no_distribution_without_discount() -> None:
    mdp = mdp_of({(0, 0): [(0, 0.5, -1.0), (0, 0.5, 1.0)]}, 1)
    with pytest.raises(InputError, match="for ever"):
        rlcalc.solve(mdp, gamma=1.0, rows="return")

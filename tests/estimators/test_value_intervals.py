"""Intervals of V, Q and A by hand; how often they hold is in test_monte_carlo_coverage.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc import Trajectories


def test_an_event_that_has_not_happened_yet_is_not_certain_never_to_happen() -> None:
    """0 of 30 beside 2 of 30: at most 1 − 0.025^(1/30), as 0.975 = P(X ≥ 1)."""
    action = np.repeat([0, 1], 30)
    reward = np.zeros(60)
    reward[[40, 50]] = 1
    result = rlcalc.estimate(
        Trajectories.from_arrays(np.zeros(60), action, reward, length=np.ones(60, int))
    )

    assert result["q_low"][0] == 0
    assert result["q_high"][0] == pytest.approx(1 - 0.025 ** (1 / 30))
    assert result.plain()["needs"] == [None, None]


def test_equal_gains_have_no_interval_where_their_values_are_not_known() -> None:
    result = rlcalc.estimate(Trajectories.from_arrays([0] * 9, [0] * 9, [2.5] * 9, length=[1] * 9))

    assert np.isnan(result["v_low"]).all()
    assert result.plain()["needs"] == ["q v: values that differ; a: 15 trajectories"]
    assert result.facts["rows_without_interval"] == 1
    assert "all gains are equal" in result.notes[0]


def test_the_advantage_of_two_values_has_the_limits_of_both_shares() -> None:
    """3 of 10 and 8 of 10: A is half of the difference, and MOVER joins their limits."""
    reward = np.array([1] * 3 + [0] * 7 + [1] * 8 + [0] * 2)
    result = rlcalc.estimate(
        Trajectories.from_arrays(
            np.zeros(20), np.repeat([0, 1], 10), reward, length=np.ones(20, int)
        )
    )
    (one, other), low, high = (0.3, 0.8), result["q_low"], result["q_high"]

    assert result["a"][0] == pytest.approx(-0.25)
    assert result["a_low"][0] == pytest.approx(
        0.5 * (one - other - np.hypot(one - low[0], high[1] - other))
    )
    assert result["a_high"][0] == pytest.approx(
        0.5 * (one - other + np.hypot(high[0] - one, other - low[1]))
    )
    assert result["a_low"][1] == pytest.approx(-result["a_high"][0])


def test_a_state_with_one_action_has_no_advantage() -> None:
    """Q is V, once enough trajectories show no other action."""
    reward = np.arange(15.0)
    result = rlcalc.estimate(
        Trajectories.from_arrays(np.zeros(15), np.zeros(15), reward, length=np.ones(15, int))
    )

    assert (result["a_low"][0], result["a_high"][0]) == (0, 0)


def test_a_pair_with_other_gains_than_its_state_does_not_have_the_values_of_the_state() -> None:
    """First gains from the state are 1 and 0; the second action comes later, with -1 each time."""
    steps = Trajectories.from_arrays([0] * 5, [0, 0, 1, 0, 1], [1, 1, -1, 1, -1], length=[3, 2])
    result = rlcalc.estimate(steps)

    assert result["q"].tolist() == [0.5, -1.0]
    assert np.isnan(result["q_low"][1])
    assert result["q_low"][0] == result["v_low"][0]  # whose gains are those of the state


@given(st.data())
def test_an_interval_has_its_estimate_in_it(data: st.DataObject) -> None:
    """Without a warning, however the gains of a pair and of its state lie to each other."""
    lengths = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=25))
    n = sum(lengths)
    whole = {
        name: data.draw(st.lists(st.sampled_from(values), min_size=n, max_size=n))
        for name, values in (("state", (0, 1)), ("action", (0, 1)), ("reward", (-1.0, 0.0, 1.0)))
    }
    result = rlcalc.estimate(Trajectories.from_arrays(**whole, length=lengths))

    for name in ("q", "v"):
        low, value, high = (np.asarray(result[name + end]) for end in ("_low", "", "_high"))
        known = np.isfinite(low)
        assert (low[known] <= value[known] + 1e-12).all()
        assert (value[known] <= high[known] + 1e-12).all()

"""What is not in the log: a range instead of a number; and weights in expectation."""

import itertools

import numpy as np
import pytest

import rlcalc
from rlcalc import Trajectories

TARGET = {"s": {"a": 0.5, "b": 0.3, "c": 0.2}, "t": {"a": 1.0}}


def log() -> Trajectories:
    """Action c is never taken; a leads to t, where the reward is 4, and b ends with 1."""
    s, a, r, length = [], [], [], []
    for n in range(80):
        if n % 4 in (1, 2):
            s, a, r, length = [*s, "s", "t"], [*a, "a", "a"], [*r, 0.0, 4.0], [*length, 2]
        else:
            s, a, r, length = [*s, "s"], [*a, "b"], [*r, float(n % 3)], [*length, 1]
    chance = [1.0 if x == "t" else 0.5 for x in s]
    return Trajectories.from_arrays(
        s, a, r, length=length, terminated=[True] * 80, behaviour_prob=chance
    )


def test_a_pair_that_the_log_lacks_makes_the_value_a_range() -> None:
    """V = 0.5 · 4 + 0.3 · 1 + 0.2 V(c), and V(c) is anything from −10 to 10."""
    plain = rlcalc.evaluate(log(), policy=TARGET, method="ce,dr,pdis")
    ranged = rlcalc.evaluate(log(), policy=TARGET, method="ce,dr", bound="-10:10")
    mean = np.mean([n % 3 for n in range(80) if n % 4 in (0, 3)])

    assert np.isnan(plain["value"][:2]).all()
    assert np.isnan(plain["low"]).all()
    assert plain.facts["unsupported"] == 1
    assert plain.facts["unsupported_share"] == pytest.approx(0.2 / 1.5)
    assert any("s c" in note and "--bound" in note for note in plain.notes)
    for low, high in zip(ranged["low"], ranged["high"], strict=True):
        assert low < 2 + 0.3 * mean - 2
        assert high > 2 + 0.3 * mean + 2
        assert high - low < 4 + 0.6


def test_a_pair_behind_an_action_that_the_policy_never_takes_is_no_loss() -> None:
    target = {"s": {"b": 1.0}, "t": {"z": 1.0}}
    result = rlcalc.evaluate(log(), policy=target, method="ce")

    assert result.facts["unsupported"] == 0
    assert np.isfinite(result["value"]).all()


def test_values_that_are_given_need_no_pair_of_the_log() -> None:
    """V̂(s) = 0.5 · 2 + 0.3 · 1 + 0.2 · 7, whatever the log has; only the intervals are withheld."""
    given = {"s": {"a": 2.0, "b": 1.0, "c": 7.0}, "t": {"a": 4.0}}
    result = rlcalc.evaluate(log(), policy=TARGET, value=given, method="dm,dr", bound="-10:10")

    assert result["value"][0] == pytest.approx(2.7)
    assert np.isfinite(result["value"]).all()
    assert np.isnan(result["low"]).all()


def test_a_pair_that_the_policy_nearly_never_takes_is_no_loss() -> None:
    target = {"s": {"a": 0.5, "b": 0.5 - 1e-9, "c": 1e-9}, "t": {"a": 1.0}}
    result = rlcalc.evaluate(log(), policy=target, method="ce")

    assert result.facts["unsupported"] == 1
    assert np.isfinite(result["low"]).all()
    assert not any("never has" in note for note in result.notes)


def test_expected_weights_by_hand() -> None:
    """E[ρ²] = Σ_a π²/b: 0.6²/0.5 + 0.4²/0.5 = 1.04 in s, and once more in t after a."""
    target = {"s": {"a": 0.6, "b": 0.4}, "t": {"a": 1.0}}
    result = rlcalc.evaluate(log(), policy=target, method="is", gamma=1.0)

    assert result.facts["expected_ess"] == pytest.approx(80 / (0.6**2 / 0.5 + 0.4**2 / 0.5))


def test_expected_weights_of_a_loop() -> None:
    """From s, a goes round with chance 1/2: M = 0.72 M/2 + 0.72/2 + 0.32, all weights included."""
    s, a, length = [], [], []
    for n, end in itertools.product(range(8), range(2)):
        for _ in range(3 if n == 0 and end else 1):
            length.append(2 if end else 1)
            s += ["s"] * length[-1]
            a += ["a", "b"][-length[-1] :]
    batch = Trajectories.from_arrays(
        s, a, np.ones(len(s)), length=length, terminated=[True] * len(length),
        behaviour_prob=[0.5] * len(s),
    )  # fmt: skip
    result = rlcalc.evaluate(batch, policy={"s": {"a": 0.6, "b": 0.4}}, method="is")
    moment = 0.4**2 / 0.5 / (1 - 0.6**2 / 0.5)  # a always goes on, b always ends

    assert result.facts["expected_ess"] == pytest.approx(len(length) / max(moment, 1))


def test_differences_of_two_policies_use_the_same_episodes() -> None:
    first = {"s": {"a": 0.6, "b": 0.4}, "t": {"a": 1.0}}
    second = {"s": {"a": 0.3, "b": 0.7}, "t": {"a": 1.0}}
    result = rlcalc.evaluate(log(), compare=[first, second], method="ce,is")
    names = result["policy"].tolist()

    assert names[::2] == ["policy 1", "policy 2", "policy 1 − policy 2"]
    difference = result["value"][:2] - result["value"][2:4]
    np.testing.assert_allclose(result["value"][4:], difference)
    one, two = (
        rlcalc.evaluate(log(), policy=p, method="is", rows="episodes")["is"]
        for p in (first, second)
    )
    error = np.std(one - two, ddof=1) / np.sqrt(80)
    assert result["se"][5] == pytest.approx(error, rel=1e-12)


def test_counted_probabilities_close_the_gate_of_methods_without_values() -> None:
    """With 300 episodes pdis covered 99.8 % on student and wpdis 87 % on a loop."""
    target = {"s": {"a": 0.6, "b": 0.4}, "t": {"a": 1.0}}
    result = rlcalc.evaluate(log(), policy=target, method="dr,pdis", behaviour="counts")

    assert np.isfinite(result["low"]).tolist() == [True, False]
    assert "counts" in result["needs"][1]


def test_a_mean_weight_that_is_not_1_closes_the_gate() -> None:
    """The log takes both actions alike, and says that it takes a nearly always."""
    batch = log()
    wrong = np.where(batch.action == batch.actions.code("a"), 0.9, 0.1)
    batch = Trajectories(**{**vars(batch), "behaviour_prob": wrong})
    target = {"s": {"a": 0.8, "b": 0.2}, "t": {"a": 1.0}}
    result = rlcalc.evaluate(batch, policy=target, method="is,pdis")

    assert abs(result.facts["weight_z"]) > 3
    assert np.isnan(result["low"]).all()


def test_the_same_policy_twice_differs_by_nothing() -> None:
    table = {"s": {"a": 0.6, "b": 0.4}, "t": {"a": 1.0}}
    result = rlcalc.evaluate(log(), compare=[table, dict(table)], method="ce")

    assert result["value"][2] == 0
    assert result["se"][2] == 0

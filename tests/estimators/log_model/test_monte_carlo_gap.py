"""V by Monte Carlo less V of the model, with the error of the difference."""

import numpy as np
import pytest

import rlcalc
from rlcalc import Trajectories
from tests.estimators.test_monte_carlo_coverage import play


def test_from_the_only_start_at_gamma_1_both_are_the_mean_gain() -> None:
    batch = rlcalc.simulate("student", 100, policy="uniform", seed=1)
    facts = rlcalc.model(batch, rows="markov").facts

    assert facts["start_value_mc_minus_model"] == facts["start_value_mc_minus_model_se"] == 0


def test_the_difference_is_that_of_two_estimates_and_its_error_that_of_a_jackknife() -> None:
    batch = play(np.random.default_rng(6), 200)
    facts = rlcalc.model(batch, rows="markov", gamma=0.8, permutations=19).facts

    def difference(part: Trajectories) -> float:
        ce, mc = (rlcalc.estimate(part, gamma=0.8, method=m, jobs=1) for m in ("ce", "mc"))
        return float(mc.facts["start_value"]) - float(ce.facts["start_value"])  # type: ignore[arg-type]

    without = []
    for e in range(200):
        kept = np.arange(200) != e
        without.append(difference(batch.select(kept)))
    jackknife = np.sqrt(199 / 200 * np.square(without - np.mean(without)).sum())

    assert facts["start_value_mc_minus_model"] == pytest.approx(difference(batch), abs=1e-12)
    assert facts["start_value_mc_minus_model_se"] == pytest.approx(jackknife, rel=0.05)


def test_truncated_trajectories_are_not_compared_unless_dropped() -> None:
    batch = Trajectories.from_arrays(
        ["a", "b", "a", "b"], ["x"] * 4, [1.0] * 4, length=[2, 2],
        truncated=[True, False], terminated=[False, True],
    )  # fmt: skip
    last = Trajectories(**{**vars(batch), "last_state": np.array([0, -1], np.int32)})

    kept = rlcalc.model(last, rows="markov", gamma=0.9)
    dropped = rlcalc.model(last, rows="markov", gamma=0.9, truncated="drop")
    assert "start_value_mc_minus_model" not in kept.facts
    assert "is not compared" in kept.notes[-1]
    assert dropped.facts["start_value_mc_minus_model"] == 0


def test_without_values_there_is_a_note() -> None:
    batch = Trajectories.from_arrays(["a", "b", "a"], ["x"] * 3, [1.0] * 3, truncated=[True])
    last = Trajectories(**{**vars(batch), "last_state": np.array([1], np.int32)})
    result = rlcalc.model(last, rows="markov", truncated="keep")

    assert "is not compared" in " ".join(result.notes)

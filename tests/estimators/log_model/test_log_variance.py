"""The split of a log: by another model of the same steps, and its errors by the jackknife."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rlcalc
from rlcalc.estimators.log_model.log_variance import NAMES
from rlcalc.labels import Labels
from tests import reference
from tests.estimators.test_monte_carlo_coverage import play
from tests.estimators.transition_reference import Logged, logs


def test_two_states_by_hand() -> None:
    """Γ = 0.5: V(hall) = V(room) = 3, so the start adds nothing, and A(hall) is ±1.5.

    Half of the gains come after hall right, whose reward has the variance 1.5², and half after hall
    left, where the room's reward has the variance 1, discounted by γ².
    """
    facts = rlcalc.model("two-states").facts
    ce = rlcalc.estimate("two-states", method="ce")

    assert facts["start_value"] == ce.facts["start_value"] == 3
    assert facts["start_value_se"] == pytest.approx(ce.facts["start_value_se"])
    assert facts["variance_policy"] == pytest.approx(1.5**2)
    assert facts["variance_environment"] == pytest.approx(1.5**2 / 2 + 0.25 / 2)
    assert facts["variance_start"] == 0


@given(logs(), st.sampled_from([0.0, 0.3, 0.9]))
def test_it_adds_up_to_the_variance_in_the_model_of_the_single_steps(
    log: Logged, gamma: float
) -> None:
    """Another route: every step is an outcome of its own, so that its reward varies as logged."""
    known = log.steps()
    assume(known)
    every = [step for steps in known for step in steps]
    states, actions = Labels(textual=True), Labels(textual=True)
    code = [(states.code(s), actions.code(a)) for s, a, _, _ in every]
    size = {pair: code.count(pair) for pair in set(code)}
    world = rlcalc.MDP.from_rows(
        [s for s, _ in code], [a for _, a in code], [states.code(str(x[3])) for x in every],
        [1 / size[pair] for pair in code], [x[2] for x in every], states, actions,
    )  # fmt: skip
    starts = [states.code(steps[0][0]) for steps in known]
    start = np.bincount(starts, minlength=len(states)) / len(starts)
    result = rlcalc.model(log.arrays(), gamma=gamma)
    policy: dict[str, dict[str, float]] = {}
    for row in result.rows():
        policy.setdefault(row["state"], {})[row["action"]] = row["pi"]
    exact = rlcalc.model(rlcalc.MDP(**{**vars(world), "start": start}), policy=policy, gamma=gamma)
    scale = max(1.0, max(abs(x[2]) for x in every) ** 2)

    for name in NAMES:
        assert abs(result.facts[name] - exact.facts[name]) < 1e-8 * scale, name  # type: ignore[operator]


def test_errors_are_those_of_a_jackknife_over_trajectories() -> None:
    """E−1 over E times the sum of the squares of what leaving one out moves: alike to 1/E."""
    rng = np.random.default_rng(5)
    trajectories = []
    for length in rng.geometric(0.3, 250):
        states = [("abc"[rng.integers(3)], "xy"[rng.integers(2)]) for _ in range(length)]
        trajectories.append([(s, a, "abc".index(s) + rng.normal()) for s, a in states])
    whole = rlcalc.model(reference.arrays(trajectories), gamma=0.8).facts
    without: dict[str, list[Any]] = {name: [] for name in NAMES}
    for e in range(len(trajectories)):
        part = reference.arrays(trajectories[:e] + trajectories[e + 1 :])
        facts = rlcalc.model(part, gamma=0.8, jobs=1).facts
        for name in NAMES:
            without[name].append(facts[name])
    for name, values in without.items():
        jackknife = np.sqrt(249 / 250 * np.square(values - np.mean(values)).sum())

        assert whole[f"{name}_se"] == pytest.approx(jackknife, rel=0.05), name


def test_intervals_cover_the_exact_parts() -> None:
    """Two standard errors, 150 logs of 300 episodes of the student: near 95 %."""
    exact = rlcalc.model("student", policy="uniform").facts
    hits = dict.fromkeys(("variance_policy", "variance_environment"), 0)
    for seed in range(150):
        log = rlcalc.simulate("student", 300, policy="uniform", seed=seed, jobs=1)
        facts: Any = rlcalc.model(log, jobs=1).facts
        for name in hits:
            hits[name] += abs(facts[name] - exact[name]) < 2 * facts[f"{name}_se"]

    assert all(130 <= n <= 149 for n in hits.values()), hits


def test_any_cut_and_any_number_of_threads_give_the_same_bits() -> None:
    batch = play(np.random.default_rng(2), 3000)
    one, two = (rlcalc.model(batch, gamma=0.9, jobs=jobs) for jobs in (1, 2))

    assert one.facts == two.facts
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_where_values_do_not_exist_the_rows_are_there_and_a_note() -> None:
    batch = rlcalc.Trajectories.from_arrays(["a", "b", "a"], ["x"] * 3, [1.0] * 3, truncated=[True])
    last = rlcalc.Trajectories(**{**vars(batch), "last_state": np.array([1], np.int32)})
    result = rlcalc.model(last)

    assert result["n"].tolist() == [2, 1]
    assert "variance_of_gain" not in result.facts
    assert "the variance of the gain is left out: with gamma 1" in result.notes[-1]
    assert rlcalc.model(last, gamma=0.9).facts["variance_of_gain"] == 0


def test_one_trajectory_has_no_error() -> None:
    batch = rlcalc.Trajectories.from_arrays(["a", "a"], ["x", "y"], [1.0, 2.0], terminated=[True])

    assert rlcalc.model(batch).facts["variance_of_gain_se"] is None


def test_rewards_whose_squares_overflow_have_no_error_and_no_warning() -> None:
    batch = rlcalc.Trajectories.from_arrays(
        ["a", "b", "a", "a"], ["x", "y", "x", "y"], [1e149, -1e149, -1e149, 1.0], length=[2, 2]
    )
    facts = rlcalc.model(batch, gamma=0.9).facts

    assert facts["variance_of_gain"] == pytest.approx(6.3e297, rel=0.01)
    assert facts["variance_of_gain_se"] is None
    assert facts["start_value_se"] is not None

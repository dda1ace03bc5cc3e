"""ce, as the solution of the model that the counts show; and errors by another route."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc import Trajectories
from tests.estimators.transition_reference import Logged, logs


def target_of(known: list[list[Any]], share: float) -> dict[str, dict[str, float]]:
    """A policy on the pairs of a log: the first action of a state has this share of the rest."""
    actions: dict[str, list[str]] = {}
    for s, a, _, _ in (step for steps in known for step in steps):
        if a not in actions.setdefault(s, []):
            actions[s].append(a)
    policy = {}
    for s, names in actions.items():
        rest = (1 - share) / len(names)
        policy[s] = {a: rest + share * (i == 0) for i, a in enumerate(names)}
    return policy


def value(known: list[list[Any]], policy: dict[str, dict[str, float]], gamma: float) -> float:
    """(I − γP)⁻¹ r of the counted model, from the states in which the trajectories begin."""
    every = [step for steps in known for step in steps]
    states = sorted({s for s, _, _, _ in every})
    place = {s: i for i, s in enumerate(states)}
    count: dict[tuple[str, str], int] = {}
    for s, a, _, _ in every:
        count[s, a] = count.get((s, a), 0) + 1
    moves, reward = np.zeros((len(states), len(states))), np.zeros(len(states))
    for s, a, r, after in every:
        share = policy[s].get(a, 0.0) / count[s, a]
        reward[place[s]] += share * r
        if after is not None:
            moves[place[s], place[after]] += share
    v = np.linalg.solve(np.eye(len(states)) - gamma * moves, reward)
    return float(np.mean([v[place[steps[0][0]]] for steps in known]))


@settings(max_examples=80, deadline=None)
@given(logs(), st.sampled_from([0.0, 0.5, 0.95]), st.floats(0, 1))
def test_the_value_is_that_of_the_counted_model(log: Logged, gamma: float, share: float) -> None:
    known = log.steps()
    assume(len(known) == len(log.trajectories))  # every trajectory has a step that counts
    every = {(s, a) for steps in log.trajectories for s, a, _ in steps}
    assume(every == {(s, a) for steps in known for s, a, _, _ in steps})
    policy = target_of(known, share)
    result = rlcalc.evaluate(log.arrays(), policy=policy, gamma=gamma, method="ce,dm")

    assert result["value"][0] == pytest.approx(value(known, policy, gamma), rel=1e-9, abs=1e-9)
    assert result["value"][1] == result["value"][0]


def test_the_policy_that_acted_has_the_value_of_estimate() -> None:
    play = rlcalc.simulate("student", 200, seed=4, policy="uniform", with_prob=True).whole()
    estimated = rlcalc.estimate(play, method="ce")
    acted: dict[str, dict[str, float]] = {}
    for row in estimated.rows():
        acted.setdefault(row["state"], {})[row["action"]] = row["pi"]
    result = rlcalc.evaluate(play, policy=acted, method="ce")

    assert result["value"][0] == pytest.approx(estimated.facts["start_value"], rel=1e-9)
    assert result["se"][0] < estimated.fact("start_value_se")  # here π is known, not estimated


@pytest.mark.parametrize("method", ["ce", "wis", "wpdis", "is", "pdis"])
def test_errors_are_near_those_of_the_jackknife(method: str) -> None:
    """√((E−1)/E Σ (V_{−e} − V̄)²) of logs without one episode each."""
    play = rlcalc.simulate("student", 120, seed=5, policy="uniform", with_prob=True).whole()
    policy = {
        "facebook": {"facebook": 0.2, "quit": 0.8},
        "class1": {"facebook": 0.3, "study": 0.7},
        "class2": {"sleep": 0.4, "study": 0.6},
        "class3": {"study": 0.6, "pub": 0.4},
    }

    def evaluated(batch: Trajectories) -> Any:
        return rlcalc.evaluate(batch, policy=policy, method=method, jobs=1)

    n = len(play)
    without = [evaluated(play.select(np.arange(n) != e))["value"][0] for e in range(n)]
    error = np.sqrt((n - 1) / n * np.square(without - np.mean(without)).sum())

    assert evaluated(play)["se"][0] == pytest.approx(error, rel=0.05)


def test_the_answer_does_not_depend_on_threads_or_batches() -> None:
    play = rlcalc.simulate("student", 40_000, seed=5, policy="uniform", with_prob=True).whole()
    names = "ce,dr,pdis,wpdis,is,wis"
    one, four = (
        rlcalc.evaluate(play, policy="epsilon:0.7", model="student", method=names, jobs=jobs)
        for jobs in (1, 4)
    )

    assert one.plain() == four.plain()
    assert one.facts == four.facts


def test_a_loop_without_an_end_has_no_value() -> None:
    batch = Trajectories.from_arrays(["s"] * 3, ["a", "a", "b"], [1.0] * 3, length=[2, 1],
                                     terminated=[False, True], truncated=[True, False])  # fmt: skip
    batch = Trajectories(**{**vars(batch), "last_state": np.array([0, -1], np.int32)})

    with pytest.raises(rlcalc.InputError, match="never leads to the end"):
        rlcalc.evaluate(batch, policy={"s": {"a": 1.0}}, method="ce", gamma=1.0)
    result = rlcalc.evaluate(batch, policy={"s": {"a": 1.0}}, method="ce", gamma=0.5)

    assert result["value"][0] == pytest.approx(2)


def test_methods_without_the_model_need_no_end() -> None:
    """The policy goes round for ever in the data; three rewards of 1 were logged, with ρ = 2."""
    batch = Trajectories.from_arrays(["s"] * 3, ["a", "a", "b"], [1.0] * 3, length=[2, 1],
                                     terminated=[False, True], truncated=[True, False],
                                     behaviour_prob=[0.5] * 3)  # fmt: skip
    batch = Trajectories(**{**vars(batch), "last_state": np.array([0, -1], np.int32)})
    result = rlcalc.evaluate(batch, policy={"s": {"a": 1.0}}, method="pdis,is", gamma=1.0)

    assert result["value"].tolist() == pytest.approx([(2 + 4) / 2, 4 * 2 / 2])

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rlcalc
from rlcalc.estimators.temporal_difference import action_value_sweep, td, td_lambda
from tests import reference
from tests.estimators.transition_reference import Logged, logs
from tests.strategies import batches

ONLINE = ("td", "td-lambda", "sarsa", "expected-sarsa", "q-learning")
discounts = st.sampled_from([0.0, 0.5, 0.9])
step_sizes = st.sampled_from([0.05, 0.5, "1/n"])


def plain(  # noqa: C901 (the textbook's loops side by side)
    log: Logged, method: str, gamma: float, alpha: Any, passes: int, order: str, lambda_: float
) -> dict[Any, float]:
    """The textbook's loops on dictionaries, one step after the other."""
    known = log.steps()
    every = [step for steps in known for step in steps]
    policy: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for s, a, _, _ in every:
        policy[s][a] += 1 / sum(step[0] == s for step in every)
    value: dict[Any, float] = defaultdict(float)
    count: dict[Any, int] = defaultdict(int)

    def move(key: Any, change: float, weight: float = 1.0) -> None:
        value[key] += (1 / count[key] if alpha == "1/n" else alpha) * change * weight

    for _ in range(passes):
        for steps in known if order == "file" else known[::-1]:
            trace: dict[str, float] = defaultdict(float)
            times = range(len(steps))
            for t in times if order == "file" else reversed(times):
                s, a, r, after = steps[t]
                if method == "td":
                    count[s] += 1
                    move(s, r + gamma * (value[after] if after else 0.0) - value[s])
                elif method == "td-lambda":
                    error = r + gamma * (value[after] if after else 0.0) - value[s]
                    for key in trace:
                        trace[key] *= gamma * lambda_
                    trace[s] += 1
                    count[s] += 1
                    for key, weight in trace.items():
                        move(key, error, weight)
                else:
                    ahead = 0.0
                    if after and method == "sarsa":
                        if t + 1 == len(steps):
                            continue
                        ahead = value[after, steps[t + 1][1]]
                    elif after and method == "expected-sarsa":
                        ahead = sum(p * value[after, b] for b, p in policy[after].items())
                    elif after:
                        ahead = max(value[after, b] for b in policy[after])
                    count[s, a] += 1
                    move((s, a), r + gamma * ahead - value[s, a])
    return value


@given(
    logs(), st.sampled_from(ONLINE), discounts, step_sizes, st.integers(1, 3), st.booleans(),
    st.sampled_from([0.0, 0.7, 1.0]),
)  # fmt: skip
def test_values_are_those_of_the_textbook_loops(
    log: Logged, method: str, gamma: float, alpha: Any, passes: int, back: bool, lambda_: float
) -> None:
    known = log.steps()
    assume(known)
    if method == "sarsa":
        assume(any(step[3] is None for steps in known for step in steps))
        assume("end" in log.ends and all(e in ("end", "neither", "lost") for e in log.ends))
    order = "reverse" if back and method != "td-lambda" else "file"
    result = rlcalc.estimate(
        log.arrays(), gamma=gamma, method=method, alpha=alpha, passes=passes,
        order=order, lambda_=lambda_ if method == "td-lambda" else None,
    )  # fmt: skip
    value = plain(log, method, gamma, alpha, passes, order, lambda_)
    for row in result.rows():
        key = row["state"] if method in ("td", "td-lambda") else (row["state"], row["action"])
        answer = row["v" if isinstance(key, str) else "q"]

        assert answer is None or answer == pytest.approx(value[key], rel=1e-9, abs=1e-9)
        assert row["v_se"] is None
        assert row["v_low"] is None


def test_td_by_hand() -> None:
    """Half of the way: V(b) = 1 after the first trajectory, so V(a) = 0.5·(1 + 1) after two."""
    batch = reference.arrays([[("b", "x", 2.0)], [("a", "x", 1.0), ("b", "x", 2.0)]])
    result = rlcalc.estimate(batch, gamma=1.0, method="td", alpha=0.5)

    assert result.plain()["state"] == ["b", "a"]
    assert result["v"].tolist() == [1.5, 1.0]
    assert result.facts["distance_to_fixed_point"] == 2.0  # V = 2 and 3
    assert result.facts["alpha"] == 0.5


def test_sarsa_without_the_next_action_leaves_the_step_out() -> None:
    """The last step of a cut trajectory leads to a state in which no action is known."""
    log = Logged([[("a", "x", 1.0)], [("a", "y", 1.0)], [("b", "x", 1.0)]], ["end", "b", "end"])
    result = rlcalc.estimate(log.arrays(), gamma=0.5, method="sarsa", alpha=1.0)

    assert result.plain()["q"] == [1.0, None, 1.0]
    assert result.plain()["v"] == [1.0, 1.0, 1.0]


@given(batches(longest=1))
def test_with_shrinking_steps_one_step_data_give_means(
    trajectories: list[reference.Trajectory],
) -> None:
    batch = reference.arrays(trajectories)
    mean = rlcalc.estimate(batch)
    for method in ("sarsa", "expected-sarsa", "q-learning"):
        online = rlcalc.estimate(batch, method=method, alpha="1/n")

        np.testing.assert_allclose(online["q"], mean["q"], atol=1e-9)
        assert online.facts["distance_to_fixed_point"] == pytest.approx(0, abs=1e-9)
    online = rlcalc.estimate(batch, method="td", alpha="1/n")
    states = rlcalc.estimate(batch, of="v")
    np.testing.assert_allclose(online["v"], states["v"], atol=1e-9)


@pytest.mark.parametrize("method", ["td", "sarsa", "expected-sarsa", "q-learning"])
@pytest.mark.parametrize("order", ["file", "reverse"])
def test_many_small_passes_reach_the_fixed_point(method: str, order: Any) -> None:
    """The distance that the facts tell shrinks with α: 0.05, 0.005, 0.0005."""
    rng = np.random.default_rng(1)
    trajectories = [
        [("abc"[rng.integers(3)], "xy"[rng.integers(2)], rng.normal()) for _ in range(length)]
        for length in rng.geometric(0.3, 60)
    ]
    batch = reference.arrays(trajectories)
    distance = [
        rlcalc.estimate(
            batch, gamma=0.8, method=method, alpha=alpha, passes=passes, order=order
        ).facts["distance_to_fixed_point"]
        for alpha, passes in ((0.05, 100), (0.005, 300), (0.0005, 3000))
    ]

    assert distance[0] > distance[1] > distance[2]
    assert distance[2] < 0.02


def test_the_fixed_point_of_q_learning_is_the_optimum() -> None:
    """In a certain world with α = 1 the passes are value iteration: to the last digit."""
    steps = [("a", "x", 1.0), ("b", "x", 5.0), ("a", "y", 0.0), ("b", "y", 0.0), ("c", "x", 9.0)]
    batch = reference.arrays([steps])
    result = rlcalc.estimate(batch, gamma=0.5, method="q-learning", alpha=1.0, passes=100)

    assert result.facts["distance_to_fixed_point"] == pytest.approx(0, abs=1e-12)
    assert result["a"].max() == 0
    assert "too high on average" in result.notes[-1]


def test_without_decay_of_values_td_lambda_0_is_td() -> None:
    one = rlcalc.estimate("grid-walks", gamma=0.9, method="td", passes=3)
    two = rlcalc.estimate("grid-walks", gamma=0.9, method="td-lambda", lambda_=0.0, passes=3)

    np.testing.assert_allclose(one["v"], two["v"], rtol=1e-12)


def test_compiled_loops_give_the_bits_of_plain_ones() -> None:
    rng = np.random.default_rng(2)
    key, reward = rng.integers(0, 5, 40), rng.normal(size=40)
    following = rng.integers(0, 6, 40)
    start, pairs = np.array([0, 7, 40]), np.array([0, 1, 2, 3, 4, 5, 5])
    answers = []
    for way in ("plain", "compiled"):
        value = [np.zeros(6) for _ in range(4)]
        getattr(td, way)(key, following, reward, 0.9, 0.0, value[0], np.zeros(6), True)
        getattr(td_lambda, way)(
            start, key, following, reward, 0.9, 0.8, 0.1, value[1], np.zeros(6), np.zeros(6),
            np.zeros(6, np.int64),
        )  # fmt: skip
        for v, greedy in ((value[2], True), (value[3], False)):
            getattr(action_value_sweep, way)(
                key, following, reward, pairs, np.ones(5), 0.9, 0.1, v, np.zeros(6), greedy, False
            )
        answers.append(value)
    np.testing.assert_array_equal(*answers)


def test_values_that_grow_without_bound_are_refused_with_a_smaller_step() -> None:
    """With α = 1 a state that comes twice is moved by the sum of two traces: too far."""
    batch = reference.arrays([[("a", "x", 1.0), ("a", "x", 0.0), ("b", "x", -1.0)] * 400] * 2)
    with pytest.raises(rlcalc.InputError, match=r"use a smaller step: --alpha 0\.1"):
        rlcalc.estimate(batch, gamma=0.9, method="td-lambda", lambda_=1.0, alpha=1.0)

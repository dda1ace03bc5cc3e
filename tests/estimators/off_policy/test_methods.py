"""Off-policy methods: what peers compute, limits, and each method a second time, plainly."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc import Trajectories
from rlcalc.estimators.off_policy import DEFAULT, DEFAULT_ONE_STEP, METHODS, ONE_STEP
from rlcalc.result import Result

STATE = [0, 1, 0, 1, 0, 1, 0, 0, 1]
ACTION = [0, 1, 1, 0, 0, 1, 1, 0, 0]
REWARD = [1, 0.5, -1, 2, 0, 0.25, -0.5, 1.5, 1]
BEHAVIOUR = {0: {0: 0.6, 1: 0.4}, 1: {0: 0.3, 1: 0.7}}
TARGET = {0: {0: 0.25, 1: 0.75}, 1: {0: 0.8, 1: 0.2}}
Q = {0: {0: 0.5, 1: -0.25}, 1: {0: 1.0, 1: 0.125}}


def log(length: list[int], **more: Any) -> Trajectories:
    chance = [BEHAVIOUR[s][a] for s, a in zip(STATE, ACTION, strict=True)]
    return Trajectories.from_arrays(
        STATE, ACTION, REWARD, length=length, behaviour_prob=chance,
        terminated=[True] * len(length), **more,
    )  # fmt: skip


def values(result: Result) -> dict[str, float]:
    return dict(zip(result["method"].tolist(), result["value"].tolist(), strict=True))


def test_episodes_agree_with_scope_rl() -> None:
    """The digits are those of scope-rl 0.2.1's own classes: dm, tis, pdis, dr, sntis, snpdis."""
    result = rlcalc.evaluate(
        log([3, 3, 3]), policy=TARGET, gamma=0.9, value=Q, method="dm,is,pdis,dr,wis,wpdis"
    )

    assert values(result) == pytest.approx(
        {
            "dm": 0.23333333333333336,
            "is": 1.4334656084656092,
            "pdis": 2.4972470238095243,
            "dr": 1.5195145089285715,
            "wis": 1.6388657843116852,
            "wpdis": 2.1202703237568294,
        },
        rel=1e-9,
    )


def test_one_step_agrees_with_obp_and_vw() -> None:
    """The digits are those of obp 0.5.7; vw-estimators 0.2.2 has the same ips and snips."""
    result = rlcalc.evaluate(
        log([1] * 9), policy=TARGET, value=Q, method="ips,snips,dm,dr,switch:1.1,dros:2"
    )

    assert values(result) == pytest.approx(
        {
            "ips": 0.7159391534391535,
            "snips": 0.5908842794759825,
            "dm": 0.3319444444444445,
            "dr": 0.48207671957671966,
            "switch:1.1": 0.3941137566137567,
            "dros:2": 0.37929118350406243,
        },
        rel=1e-9,
    )


def plainly(batch: list[list[tuple[int, int, float]]], gamma: float) -> dict[str, float]:
    """Every method by its formula, with Q̂ given, and the errors of the means."""
    rho = [[TARGET[s][a] / BEHAVIOUR[s][a] for s, a, _ in steps] for steps in batch]
    cumulative = [np.cumprod(one) for one in rho]
    v = {s: sum(TARGET[s][a] * Q[s][a] for a in Q[s]) for s in Q}
    n, longest = len(batch), max(map(len, batch))
    weight = [c[-1] for c in cumulative]
    gain = [sum(gamma**t * r for t, (_, _, r) in enumerate(steps)) for steps in batch]
    pdis = [
        sum(gamma**t * c[t] * r for t, (_, _, r) in enumerate(steps))
        for steps, c in zip(batch, cumulative, strict=True)
    ]
    dr = [
        sum(
            gamma**t * ((c[t - 1] if t else 1.0) * v[s] + c[t] * (r - Q[s][a]))
            for t, (s, a, r) in enumerate(steps)
        )
        for steps, c in zip(batch, cumulative, strict=True)
    ]
    wpdis = 0.0
    for t in range(longest):
        padded = [c[min(t, len(c) - 1)] for c in cumulative]
        reward = [
            c[t] * steps[t][2] for steps, c in zip(batch, cumulative, strict=True) if t < len(c)
        ]
        wpdis += gamma**t * sum(reward) / sum(padded)
    both = np.array(weight) * np.array(gain)
    return {
        "is": float(both.mean()),
        "wis": float(both.sum() / np.sum(weight)),
        "pdis": float(np.mean(pdis)),
        "dr": float(np.mean(dr)),
        "dm": float(np.mean([v[steps[0][0]] for steps in batch])),
        "wpdis": wpdis,
        "dr_se": float(np.std(dr, ddof=1) / math.sqrt(n)) if n > 1 else math.nan,
    }


steps_of_two_states = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.floats(-2, 2)), min_size=1, max_size=5
)


@settings(max_examples=60, deadline=None)
@given(st.lists(steps_of_two_states, min_size=2, max_size=6), st.sampled_from([0.0, 0.7, 1.0]))
def test_methods_are_their_formulas(
    batch: list[list[tuple[int, int, float]]], gamma: float
) -> None:
    batch = [*batch, [(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 0.0)]]
    s, a, r = zip(*(step for steps in batch for step in steps), strict=True)
    experience = Trajectories.from_arrays(
        s, a, r, length=[len(steps) for steps in batch], terminated=[True] * len(batch),
        behaviour_prob=[BEHAVIOUR[x][y] for x, y in zip(s, a, strict=True)],
    )  # fmt: skip
    methods = ["is", "wis", "pdis", "dr", "dm", "wpdis"]
    result = rlcalc.evaluate(experience, policy=TARGET, gamma=gamma, value=Q, method=methods)
    expected = plainly(batch, gamma)

    assert values(result) == pytest.approx(
        {name: expected[name] for name in methods}, rel=1e-9, abs=1e-9
    )
    assert result["se"][3] == pytest.approx(expected["dr_se"], rel=1e-9, abs=1e-9)


def test_no_values_make_dr_the_per_decision_method() -> None:
    none = {s: dict.fromkeys(Q[s], 0.0) for s in Q}
    result = rlcalc.evaluate(log([2, 3, 4]), policy=TARGET, value=none, method="dr,pdis", gamma=0.9)

    assert result["value"][0] == pytest.approx(result["value"][1], rel=1e-12)
    assert result["se"][0] == pytest.approx(result["se"][1], rel=1e-12)


def test_the_behaviour_policy_has_the_mean_gain() -> None:
    result = rlcalc.evaluate(
        log([2, 3, 4]), policy=BEHAVIOUR, gamma=0.9, method="is,pdis,wis,wpdis,dr"
    )
    mean = rlcalc.estimate(log([2, 3, 4]), gamma=0.9).facts["start_value"]

    np.testing.assert_allclose(result["value"][:4], mean)
    assert result.facts["behaviour_value"] == pytest.approx(mean)
    assert result.facts["weight_mean"] == pytest.approx(1)
    assert result.facts["ess"] == pytest.approx(3)


def test_limits_of_switch_and_shrinkage() -> None:
    names = "dr,switch:inf,dros:inf,dm,switch:0,dros:0"
    answer = values(rlcalc.evaluate(log([1] * 9), policy=TARGET, value=Q, method=names))

    assert answer["switch:inf"] == pytest.approx(answer["dr"], rel=1e-12)
    assert answer["dros:inf"] == pytest.approx(answer["dr"], rel=1e-12)
    assert answer["switch:0"] == pytest.approx(answer["dm"], rel=1e-12)
    assert answer["dros:0"] == pytest.approx(answer["dm"], rel=1e-12)


def test_mrdr_is_dr_where_the_behaviour_is_the_same_in_every_step_of_a_pair() -> None:
    answer = values(rlcalc.evaluate(log([1] * 9), policy=TARGET, method="dr,mrdr"))

    assert answer["mrdr"] == pytest.approx(answer["dr"], rel=1e-12)


def test_mrdr_fits_each_half_by_its_weights() -> None:
    """Q̂ of the even episodes comes from the odd ones, by ω = π (1 − b)/b²."""
    chance = [0.5, 0.25, 0.5, 0.75]
    batch = Trajectories.from_arrays(
        ["s"] * 4, ["a"] * 4, [1.0, 2.0, 3.0, 6.0], length=[1] * 4, behaviour_prob=chance
    )
    omega = [(1 - b) / b**2 for b in chance]
    even, odd = ((omega[i] * r + omega[j] * x) / (omega[i] + omega[j])
                 for i, j, r, x in ((0, 2, 1.0, 3.0), (1, 3, 2.0, 6.0)))  # fmt: skip
    fitted = [odd, even, odd, even]
    expected = [
        q + (r - q) / b for q, r, b in zip(fitted, [1.0, 2.0, 3.0, 6.0], chance, strict=True)
    ]
    result = rlcalc.evaluate(batch, policy={"s": {"a": 1.0}}, method="mrdr")

    assert result["value"][0] == pytest.approx(np.mean(expected), rel=1e-12)


@pytest.mark.parametrize("name", [*METHODS, *ONE_STEP])
def test_every_method_gives_a_value_for_one_step(name: str) -> None:
    text = {"switch": "switch:2", "dros": "dros:2"}.get(name, name)
    result = rlcalc.evaluate(log([1] * 9), policy=TARGET, method=text)

    assert np.isfinite(result["value"]).all()


def test_the_defaults_are_methods() -> None:
    assert set(DEFAULT) <= set(METHODS)
    assert set(DEFAULT_ONE_STEP) <= {*METHODS, *ONE_STEP}

"""Advantages: on paper, by identities, and by loops that share no code with ours."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.estimators.advantages import METHODS
from rlcalc.estimators.advantages.report import compute
from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps

GAMMAS = st.sampled_from([0.0, 0.5, 0.99, 1.0])
LAMBDAS = st.sampled_from([0.0, 0.3, 0.95, 1.0])


@st.composite
def critics(draw: st.DrawFn) -> CriticSteps:
    """Steps whose next values are the values of the next rows, save after an end."""
    lengths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=30))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    start = np.concatenate([[0], np.cumsum(lengths)])
    n, cut = int(start[-1]), rng.random(len(lengths)) < 0.5
    value = rng.normal(size=n)
    next_value = np.append(value[1:], 0.0)
    next_value[start[1:] - 1] = np.where(cut, rng.normal(size=len(lengths)), 0.0)
    return CriticSteps(
        start,
        rng.normal(size=n),
        value,
        next_value,
        draw(GAMMAS),
        cut,
        action_value=None,
        ratio=np.exp(rng.normal(size=n)),
        probability=rng.random(n),
    )


def answer(steps: CriticSteps, method: str, lambda_: float | None = None, **how: Any) -> Advantages:
    request = AdvantageRequest.parse(method, lambda_, **how)
    return compute(
        steps if request.needs_action_values else replace(steps, action_value=None), request
    )


def paper() -> CriticSteps:
    """Two steps and a terminated end; one step and a cut with V' = 4; γ = 0.5."""
    return CriticSteps(
        start=np.array([0, 2, 3]),
        reward=np.array([1.0, 2.0, 3.0]),
        value=np.array([1.0, 2.0, 3.0]),
        next_value=np.array([2.0, 0.0, 4.0]),
        gamma=0.5,
        cut=np.array([False, True]),
        action_value=np.array([2.0, 1.0, 3.0]),
        ratio=np.array([2.0, 0.5, 1.0]),
        probability=np.array([0.5, 0.5, 1.0]),
    )


@pytest.mark.parametrize(
    ("method", "advantage"),
    [
        ("gae", [1.0, 0.0, 2.0]),  # δ = 1, 0, 2
        ("td", [1.0, 0.0, 2.0]),
        ("n-step:2", [1.0, 0.0, 2.0]),
        ("lambda", [1.0, 0.0, 2.0]),
        ("mc", [1.0, 0.0, 2.0]),
        ("vtrace", [1.0, 0.0, 2.0]),
        ("retrace", [1.25, 0.0, 2.0]),  # G = 1 + 0.5 (2 + 0.5 (2 − 1)) = 2.25
        ("tree-backup", [1.25, 0.0, 2.0]),
    ],
)
def test_on_paper(method: str, advantage: list[float]) -> None:
    np.testing.assert_allclose(answer(paper(), method).advantage, advantage, atol=1e-12)


@given(critics())
def test_without_trace_gae_is_the_td_error(steps: CriticSteps) -> None:
    for method in ("gae", "lambda"):
        np.testing.assert_allclose(answer(steps, method, 0.0).advantage, steps.td_error, atol=1e-12)


@given(critics())
def test_with_full_trace_gae_is_gain_minus_value(steps: CriticSteps) -> None:
    """Every bootstrap but the last cancels: the gain is summed forwards here."""
    gamma = steps.gamma
    for e, last in enumerate(steps.last):
        for t in range(int(steps.start[e]), int(last) + 1):
            rewards = steps.reward[t : last + 1]
            gain = sum(gamma**k * r for k, r in enumerate(rewards))
            gain += gamma ** len(rewards) * steps.next_value[last]
            for method in ("gae", "lambda", "mc"):
                value = answer(steps, method, 1.0).advantage[t]
                assert value == pytest.approx(gain - steps.value[t], abs=1e-9)


@given(critics(), LAMBDAS)
def test_gae_mixes_n_step_advantages(steps: CriticSteps, lambda_: float) -> None:
    """A^λ = (1 − λ) Σ λ^{n−1} A^(n), what is left of the weight on the longest."""
    length = np.repeat(np.diff(steps.start), np.diff(steps.start))
    left = length - (np.arange(len(length)) - np.repeat(steps.start[:-1], np.diff(steps.start)))
    mixture = np.zeros(len(length))
    for n in range(1, 10):
        weight = np.where(n < left, (1 - lambda_) * lambda_ ** (n - 1), lambda_ ** (left - 1.0))
        weight = np.where(n > left, 0.0, weight)
        mixture += weight * answer(steps, f"n-step:{n}").advantage

    np.testing.assert_allclose(answer(steps, "gae", lambda_).advantage, mixture, atol=1e-9)
    np.testing.assert_allclose(answer(steps, "lambda", lambda_).advantage, mixture, atol=1e-9)


@given(critics(), LAMBDAS)
def test_v_trace_on_policy_is_gae(steps: CriticSteps, lambda_: float) -> None:
    on_policy = replace(steps, ratio=np.ones(len(steps.reward)))
    full, part = answer(on_policy, "vtrace"), answer(on_policy, "vtrace", lambda_)

    np.testing.assert_allclose(full.advantage, answer(steps, "gae", 1.0).advantage, atol=1e-9)
    np.testing.assert_allclose(part.target, answer(steps, "gae", lambda_).target, atol=1e-9)
    np.testing.assert_allclose(part.advantage, answer(steps, "gae", lambda_).advantage, atol=1e-9)


@given(critics(), LAMBDAS, st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([0.5, 1.0, 3.0]))
def test_v_trace_is_its_sum(steps: CriticSteps, lambda_: float, rho: float, c: float) -> None:
    """v_t = V_t + Σ_k γ^k (Π_{i<k} c_{t+i}) ρ_{t+k} δ_{t+k}, summed forwards."""
    assert steps.ratio is not None
    read = answer(steps, "vtrace", lambda_, clip_rho=rho, clip_c=c)
    for e, last in enumerate(steps.last):
        for t in range(int(steps.start[e]), int(last) + 1):
            total, weight = steps.value[t], 1.0
            for k in range(t, int(last) + 1):
                total += weight * min(steps.ratio[k], rho) * steps.td_error[k]
                weight *= steps.gamma * lambda_ * min(steps.ratio[k], c)
            assert read.target[t] == pytest.approx(total, abs=1e-9)
            after = steps.next_value[t]
            if t < last:
                after = lambda_ * read.target[t + 1] + (1 - lambda_) * after
            gradient = steps.reward[t] + steps.gamma * after - steps.value[t]
            assert read.advantage[t] == pytest.approx(min(steps.ratio[t], rho) * gradient, abs=1e-9)


@given(critics(), LAMBDAS, st.integers(0, 1000))
def test_corrected_returns_are_the_backward_loop(
    steps: CriticSteps, lambda_: float, seed: int
) -> None:
    """g = r + γ (V' − c' Q' + c' g'), the loop of rlax's returns from Q and V."""
    q = np.random.default_rng(seed).normal(size=len(steps.reward))
    steps = replace(steps, action_value=q)
    assert steps.ratio is not None
    assert steps.probability is not None
    for method, trace in (
        ("retrace", lambda_ * np.minimum(steps.ratio, 1.0)),
        ("tree-backup", lambda_ * steps.probability),
    ):
        target = answer(steps, method, lambda_).target
        for e, last in enumerate(steps.last):
            g = steps.reward[last] + steps.gamma * steps.next_value[last]
            assert target[last] == pytest.approx(g, abs=1e-9)
            for t in range(int(last) - 1, int(steps.start[e]) - 1, -1):
                c = trace[t + 1]
                g = steps.reward[t] + steps.gamma * (steps.next_value[t] - c * q[t + 1] + c * g)
                assert target[t] == pytest.approx(g, abs=1e-9)


@given(critics(), st.sampled_from([*METHODS]))
def test_nothing_crosses_an_end(steps: CriticSteps, method: str) -> None:
    """Each trajectory by itself has the same bits."""
    steps = replace(steps, action_value=steps.value + 1)
    name = "n-step:3" if method == "n-step" else method
    whole = answer(steps, name)
    for e in range(len(steps.cut)):
        part = slice(int(steps.start[e]), int(steps.start[e + 1]))
        alone = CriticSteps(
            np.array([0, part.stop - part.start]),
            steps.reward[part],
            steps.value[part],
            steps.next_value[part],
            steps.gamma,
            steps.cut[e : e + 1],
            steps.action_value[part],  # type: ignore[index]
            steps.ratio[part],  # type: ignore[index]
            steps.probability[part],  # type: ignore[index]
        )
        if method == "n-step":  # windows double, whatever the length: the same up to rounding
            np.testing.assert_allclose(
                answer(alone, name).target, whole.target[part], rtol=1e-12, atol=1e-12
            )
        else:
            assert np.array_equal(answer(alone, name).target, whole.target[part])

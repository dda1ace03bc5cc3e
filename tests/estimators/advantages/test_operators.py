"""Off-policy targets against their exact operators, over all trajectories of three steps."""

from collections import defaultdict
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rlcalc import api

Table = NDArray[np.float64]

N_STEPS = 3
GAMMA, LAMBDA = 0.9, 0.7
TRANSITION = np.array([[[0.5, 0.3, 0.2], [0.1, 0.9, 0.0]], [[0.4, 0.0, 0.6], [0.2, 0.7, 0.1]]])
"""[s, a, s']; state 2 is terminal."""
REWARD = np.array([[[1, -2, 3], [0.5, 0, 0]], [[2, 0, -1], [-1, 1, 4]]], float)
BEHAVIOUR = np.array([[0.5, 0.5], [0.8, 0.2]])
POLICY = np.array([[0.9, 0.1], [0.3, 0.7]])
RATIO = POLICY / BEHAVIOUR
Q = np.array([[0.5, -1], [2, 0.25]])
MEAN_REWARD = (TRANSITION * REWARD).sum(2)
FOLLOWS = TRANSITION[:, :, :2]
"""[s, a, s'] of the states that are not terminal."""


def all_trajectories(values: Table, q: Table) -> tuple[dict[str, list[Any]], list[float]]:
    """Every trajectory from every (s, a), cut after three steps, and its probability."""
    rows: dict[str, list[Any]] = defaultdict(list)
    chances: list[float] = []

    def play(path: list[tuple[int, int, int]], chance: float) -> None:
        s, a, after = path[-1]
        chance *= TRANSITION[s, a, after]
        if not chance:
            return
        if after < 2 and len(path) < N_STEPS:
            for action, next_after in product(range(2), range(3)):
                play([*path, (after, action, next_after)], chance * BEHAVIOUR[after, action])
            return
        for t, (state, action, then) in enumerate(path):
            last = t == len(path) - 1
            row = {
                "trajectory": len(chances),
                "t": t,
                "first": 2 * path[0][0] + path[0][1],
                "reward": REWARD[state, action, then],
                "value": values[state],
                "next_value": 0.0 if then == 2 else values[then],
                "q": q[state, action],
                "log_prob": np.log(POLICY[state, action]),
                "old_log_prob": np.log(BEHAVIOUR[state, action]),
                "terminated": then == 2,
                "truncated": last and then < 2,
            }
            for name, cell in row.items():
                rows[name].append(cell)
        chances.append(chance)

    for s, a, after in product(range(2), range(2), range(3)):
        play([(s, a, after)], 1.0)
    return dict(rows), chances


def expected(column: str, values: Table, q: Table, method: str, **how: float) -> Table:
    """[s, a] the expectation of the answer at the first step of each trajectory."""
    rows, chances = all_trajectories(values, q)
    first = np.array(rows.pop("first"))
    answer = np.array(
        api.advantage(rows, method=method, gamma=GAMMA, lambda_=LAMBDA, **how)[column]  # type: ignore[arg-type]
    )
    begins = np.array(rows["t"]) == 0
    np.testing.assert_allclose(np.bincount(first[begins], chances), 1)  # all were enumerated
    return np.bincount(first[begins], answer[begins] * chances).reshape(2, 2)


def corrected(q: Table, trace: Table) -> Table:
    """Σ_k (γ P_cb)^k (T_π Q − Q) + Q over three steps, with P_cb(sa, s'a') = P b c."""
    error = (MEAN_REWARD + GAMMA * FOLLOWS @ (POLICY * q).sum(1) - q).reshape(4)
    step = (FOLLOWS[:, :, :, None] * (BEHAVIOUR * trace)[None, None]).reshape(4, 4)
    powers = [np.linalg.matrix_power(GAMMA * step, k) @ error for k in range(N_STEPS)]
    return q + np.sum(powers, axis=0).reshape(2, 2)


TRACES = {"retrace": LAMBDA * np.minimum(RATIO, 1), "tree-backup": LAMBDA * POLICY}


@pytest.mark.parametrize("method", TRACES)
def test_the_mean_target_is_the_operator_of_munos(method: str) -> None:
    """Munos et al. (2016), eq. 3, cut after three steps."""
    target = expected("target", (POLICY * Q).sum(1), Q, method)

    np.testing.assert_allclose(target, corrected(Q, TRACES[method]), atol=1e-12)


@pytest.mark.parametrize("method", TRACES)
def test_the_values_of_the_policy_are_the_fixed_point(method: str) -> None:
    step = (FOLLOWS[:, :, :, None] * POLICY[None, None]).reshape(4, 4)
    exact = np.linalg.solve(np.eye(4) - GAMMA * step, MEAN_REWARD.reshape(4)).reshape(2, 2)
    target = expected("target", (POLICY * exact).sum(1), exact, method)

    np.testing.assert_allclose(target, exact, atol=1e-12)


def vtrace(values: Table, steps: int, clip_rho: float, clip_c: float) -> Table:
    """V + Σ_k (γ P_c)^k (Σ_a b ρ (r + γ P V − V)), Espeholt et al. (2018), remark 1."""
    rho, trace = np.minimum(RATIO, clip_rho), LAMBDA * np.minimum(RATIO, clip_c)
    error = MEAN_REWARD + GAMMA * FOLLOWS @ values - values[:, None]
    mean = (BEHAVIOUR * rho * error).sum(1)
    step = np.einsum("sa,sat->st", BEHAVIOUR * trace, FOLLOWS)
    powers = [np.linalg.matrix_power(GAMMA * step, k) @ mean for k in range(steps)]
    answer: Table = values + np.sum(powers, axis=0)
    return answer


@pytest.mark.parametrize(("clip_rho", "clip_c"), [(1.0, 1.0), (2.0, 0.5), (0.75, 2.0)])
def test_vtrace_is_its_operator_and_its_gradient_leans_on_it(
    clip_rho: float, clip_c: float
) -> None:
    values = np.array([0.75, -1.5])
    clips = {"clip_rho": clip_rho, "clip_c": clip_c}
    target = expected("target", values, Q, "vtrace", **clips)
    advantage = expected("advantage", values, Q, "vtrace", **clips)
    mixed = LAMBDA * vtrace(values, N_STEPS - 1, clip_rho, clip_c) + (1 - LAMBDA) * values
    rho = np.minimum(RATIO, clip_rho)
    error = MEAN_REWARD + GAMMA * FOLLOWS @ mixed - values[:, None]

    np.testing.assert_allclose(
        (BEHAVIOUR * target).sum(1), vtrace(values, N_STEPS, clip_rho, clip_c), atol=1e-12
    )
    np.testing.assert_allclose(advantage, rho * error, atol=1e-12)


def test_the_fixed_point_of_vtrace_is_the_value_of_the_clipped_policy() -> None:
    """π_ρ(a|s) is proportional to min(ρ b, π): Espeholt et al. (2018), eq. 2."""
    clipped = np.minimum(BEHAVIOUR, POLICY)
    clipped /= clipped.sum(1, keepdims=True)
    step = np.einsum("sa,sat->st", clipped, FOLLOWS)
    exact = np.linalg.solve(np.eye(2) - GAMMA * step, (clipped * MEAN_REWARD).sum(1))
    target = expected("target", exact, Q, "vtrace")

    np.testing.assert_allclose((BEHAVIOUR * target).sum(1), exact, atol=1e-12)

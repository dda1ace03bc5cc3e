"""What every method owes: the same answer, a bound that holds, compiled as in plain Python."""

from pathlib import Path

import numpy as np
import pytest

import rlcalc
from rlcalc.mdp import MDP
from rlcalc.solvers.dispatch import load_method
from rlcalc.solvers.methods import METHODS
from rlcalc.solvers.problem import Problem
from rlcalc.solvers.proofs import macqueen
from tests.solvers.models import random_model, slippery_lake

ITERATIVE = [method for method in METHODS if method != "linear"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gamma", [0.0, 0.9, 0.99])
def test_all_methods_agree(method: str, gamma: float) -> None:
    for seed, mdp in enumerate([slippery_lake(5), random_model(np.random.default_rng(1), 40)]):
        expected = rlcalc.solve(mdp, gamma=gamma)
        result = rlcalc.solve(mdp, gamma=gamma, method=method)

        assert seed >= 0
        assert result.facts["method"] == method
        assert np.abs(result["v"] - expected["v"]).max() <= result.facts["bound"]
        assert np.abs(result["q"] - expected["q"]).max() <= 1e-6


@pytest.mark.parametrize("method", ITERATIVE)
def test_all_methods_find_the_total_reward(method: str) -> None:
    mdp = slippery_lake(6)
    expected = rlcalc.solve(mdp, gamma=1.0)
    result = rlcalc.solve(mdp, gamma=1.0, method=method)

    np.testing.assert_allclose(result["v"], expected["v"], atol=1e-6)


@pytest.mark.slow
def test_the_bound_holds_in_ten_thousand_models() -> None:
    """Dense, sparse, certain, near-absorbing; rewards of 1e-8 and 1e8; gamma from 0 to 0.9999."""
    for method in ITERATIVE[1:]:  # what is compiled once stays so, and is quicker
        load_method(method)(Problem(slippery_lake(70).expected, 0.9, 1e-3, 10))
    rng = np.random.default_rng(7)
    for number in range(10_000):
        mdp = _any_model(rng)
        gamma = float(rng.choice([0.0, 0.5, 0.9, 0.99, 0.9999]))
        method = ITERATIVE[number % len(ITERATIVE)]
        size = mdp.expected.largest_reward
        problem = Problem(mdp.expected, gamma, size * 10.0 ** rng.uniform(-8, 0), 100)
        found = load_method(method)(problem)
        proven = macqueen.span_bound(mdp.expected, found.value, gamma, problem.tol)
        near = load_method("policy-iteration")(Problem(mdp.expected, gamma, 0.0, 100))
        true = macqueen.span_bound(mdp.expected, near.value, gamma, 0.0)

        assert true.bound < 1e-6 * size + 1e-300
        assert np.abs(proven.value - true.value).max() <= proven.bound + true.bound, (
            number,
            method,
            gamma,
        )


def _any_model(rng: np.random.Generator) -> MDP:
    n, m = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    branching = int(rng.choice([1, 2, n]))
    k = n * m
    probability = rng.dirichlet(np.full(branching, rng.choice([0.05, 1.0])), k)
    after = rng.integers(0, n, (k, branching))
    if branching > 1 and rng.random() < 0.3:  # near-absorbing
        stay = 10.0 ** rng.uniform(-7, -1, k)
        probability *= stay[:, None]
        probability[:, 0] += 1 - stay
        after[:, 0] = np.arange(k) // m
    pair = np.repeat(np.arange(k), branching)
    kept = pair // m < (n - 1 if rng.random() < 0.4 and n > 1 else n)  # the last may be terminal
    reward = rng.normal(size=k) * 10.0 ** rng.choice([-8, 0, 8])
    return MDP.from_rows(
        (pair // m)[kept],
        (pair % m)[kept],
        after.reshape(-1)[kept],
        probability.reshape(-1)[kept],
        reward[pair][kept],
    )


@pytest.mark.parametrize("method", ["gauss-seidel", "modified-policy-iteration", "krylov"])
def test_compiled_loops_give_the_bits_of_plain_python(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rlcalc.numerics import kernel

    mdp = random_model(np.random.default_rng(3), 50)
    problem = Problem(mdp.expected, 0.9, 1e-8, 1000)
    monkeypatch.setattr(kernel.Kernel, "__call__", lambda self, *arguments: self.plain(*arguments))
    plain = load_method(method)(problem)
    monkeypatch.setattr(
        kernel.Kernel, "__call__", lambda self, *arguments: self.compiled(*arguments)
    )
    compiled = load_method(method)(problem)

    np.testing.assert_array_equal(plain.value, compiled.value)


def test_a_bound_that_cannot_be_reached_is_told_with_the_answer(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("gamma: 0.9999\nstates: {a: {x: {to: a, reward: 1e8}}}\n")
    with pytest.raises(rlcalc.NotConverged) as error:
        rlcalc.solve(tmp_path / "m.yaml", method="value-iteration", tol=1e-9)

    assert abs(error.value.result["v"][0] - 1e12) <= error.value.result.facts["bound"] < 50


@pytest.mark.parametrize("method", ITERATIVE)
def test_long_horizons_are_not_given_up(method: str) -> None:
    """Where nothing ends and actions are certain, sweeps with a shift lead away."""
    result = rlcalc.solve("gridworld-5x5", gamma=0.999, method=method)

    assert result.facts["bound"] <= 1e-6


@pytest.mark.parametrize("method", ["modified-policy-iteration", "gauss-seidel", "krylov", "auto"])
def test_values_that_travel_far_are_not_given_up(method: str) -> None:
    result = rlcalc.solve(slippery_lake(45, corridor=False), gamma=0.9999, method=method)

    assert result.facts["bound"] <= 1e-6

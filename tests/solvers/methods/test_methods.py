"""What every method owes: the same answer, a bound that holds, compiled as in plain Python."""

from pathlib import Path

import numpy as np
import pytest

import rlcalc
from rlcalc.graph.end_components import end_components, strong_components
from rlcalc.mdp import MDP
from rlcalc.solvers.dispatch import method_of
from rlcalc.solvers.methods import METHODS, automatic, krylov
from rlcalc.solvers.methods.bellman_sweeps import Arrays
from rlcalc.solvers.problem import Problem
from rlcalc.solvers.proofs import macqueen
from tests.solvers.models import dense, random_model, slippery_lake

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
        method_of(method)(Problem(slippery_lake(70).expected, 0.9, 1e-3, 10))
    rng = np.random.default_rng(7)
    for number in range(10_000):
        mdp = _any_model(rng)
        gamma = float(rng.choice([0.0, 0.5, 0.9, 0.99, 0.9999]))
        method = ITERATIVE[number % len(ITERATIVE)]
        size = mdp.expected.largest_reward
        problem = Problem(mdp.expected, gamma, size * 10.0 ** rng.uniform(-8, 0), 100)
        found = method_of(method)(problem)
        proven = macqueen.span_bound(mdp.expected, found.value, gamma, problem.tol)
        near = method_of("policy-iteration")(Problem(mdp.expected, gamma, 0.0, 100))
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
    plain = method_of(method)(problem)
    monkeypatch.setattr(
        kernel.Kernel, "__call__", lambda self, *arguments: self.compiled(*arguments)
    )
    compiled = method_of(method)(problem)

    np.testing.assert_array_equal(plain.value, compiled.value)


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from rlcalc.solvers.methods import bellman_sweeps

    monkeypatch.setattr(bellman_sweeps, "BLOCK", 100)
    mdp = random_model(np.random.default_rng(4), 3000)
    one, two = (
        rlcalc.solve(mdp, gamma=0.99, method="modified-policy-iteration", jobs=jobs)
        for jobs in (1, 2)
    )

    np.testing.assert_array_equal(one["q"], two["q"])


@pytest.mark.parametrize(
    ("mdp", "method"),
    [
        (random_model(np.random.default_rng(5), 3000), "modified-policy-iteration"),
        (slippery_lake(120), "gauss-seidel"),
    ],
    ids=["mixes", "map"],
)
def test_auto_finds_out_what_a_large_model_wants(mdp: MDP, method: str) -> None:
    result = rlcalc.solve(mdp, gamma=0.99)

    assert result.facts["method"] == method
    assert result.facts["bound"] <= 1e-6


def test_maps_do_not_spread_and_random_models_do() -> None:
    assert not automatic.spreads(Arrays.of(slippery_lake(60).expected))
    assert automatic.spreads(Arrays.of(random_model(np.random.default_rng(6), 3000).expected))


def test_krylov_solves_the_linear_system() -> None:
    mdp = random_model(np.random.default_rng(8), 60, n_actions=1)
    p, r = dense(mdp)
    value = krylov.system(mdp.expected, 0.99, r, 1e-13)

    np.testing.assert_allclose(value, np.linalg.solve(np.eye(60) - 0.99 * p, r), atol=1e-9)


def test_end_components_are_those_of_a_plain_search() -> None:
    """A set of states, none smaller allowed to leave: by brute force over all subsets."""
    for seed in range(40):
        mdp = random_model(np.random.default_rng(seed), 5, n_actions=2, branching=2)
        model = mdp.expected
        allowed = np.random.default_rng(seed).random(model.n_pairs) < 0.6
        found = end_components(model, allowed)
        largest = [-1] * model.n_states
        for members in sorted(range(1, 32), key=int.bit_count):
            if _is_end_component(model, allowed, members):
                for s in range(5):
                    largest[s] = members if members >> s & 1 else largest[s]
        for s in range(5):
            mine = sum(1 << t for t in range(5) if found.number[t] == found.number[s] != -1)
            assert mine == max(largest[s], 0)


def _is_end_component(model: object, allowed: np.ndarray, members: int) -> bool:
    edges: dict[int, set[int]] = {s: set() for s in range(5) if members >> s & 1}
    for k in np.flatnonzero(allowed):
        s = int(model.pair_state[k])  # type: ignore[attr-defined]
        after = model.next_state[model.outcome_start[k] : model.outcome_start[k + 1]]  # type: ignore[attr-defined]
        if s in edges and all(members >> int(t) & 1 for t in after):
            edges[s] |= {int(t) for t in after}
    reach = {s: {s} for s in edges}
    for _ in range(5):
        reach = {s: far.union(*(edges[t] for t in far)) for s, far in reach.items()}
    return all(edges[s] and far == set(edges) for s, far in reach.items())


def test_strong_components_of_a_long_cycle_need_no_recursion() -> None:
    n = 3000
    mdp = MDP.from_rows(np.arange(n), np.zeros(n), (np.arange(n) + 1) % n, np.ones(n), np.zeros(n))
    number = strong_components(mdp.expected, np.ones(n, dtype=bool))

    assert len(set(number.tolist())) == 1


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

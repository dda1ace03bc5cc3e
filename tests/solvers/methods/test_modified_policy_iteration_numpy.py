"""Modified policy iteration over padded arrays: the same answers, and no try where it is slow."""

import numpy as np
import pytest

import rlcalc
from rlcalc.solvers.methods import modified_policy_iteration_numpy
from rlcalc.solvers.problem import Problem
from rlcalc.solvers.proofs import macqueen
from tests.solvers.methods.test_methods import slippery_lake
from tests.solvers.models import mdp_of, random_model


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("n_outcomes", [(3, 3), (2, 3)])
def test_padding_changes_no_answer(
    gamma: float, terminal: bool, n_outcomes: tuple[int, int]
) -> None:
    """Pairs of two or three outcomes, states of two or three actions, or all alike."""
    mdp = mixing(60, n_outcomes, terminal=terminal)
    problem = Problem(mdp.expected, gamma, 1e-9, 1000)
    found = modified_policy_iteration_numpy.solve(problem)
    assert found
    proven = macqueen.span_bound(mdp.expected, found.value, gamma, 1e-9)
    exact = rlcalc.solve(mdp, gamma=gamma, method="policy-iteration")

    assert proven.bound <= 1e-9 or terminal
    assert np.abs(proven.action_value - exact["q"]).max() <= proven.bound + 1e-9


def mixing(n: int, n_outcomes: tuple[int, int], *, terminal: bool) -> rlcalc.MDP:
    """States from which one may come anywhere."""
    rng = np.random.default_rng(3)
    outcomes = {}
    for s in range(n - terminal):
        for a in range(3 if s % 2 or n_outcomes[0] == n_outcomes[1] else 2):
            after = rng.choice(n, int(rng.integers(n_outcomes[0], n_outcomes[1] + 1)), False)
            p = rng.dirichlet(np.ones(len(after)))
            outcomes[s, a] = [
                (int(t), float(c), float(s % 7)) for t, c in zip(after, p, strict=True)
            ]
    return mdp_of(outcomes, n)


def test_padded_blocks_are_the_model() -> None:
    """Q(s,a) = r(s,a) + γ Σ p v, however the blocks lie."""
    mdp = mixing(20, (1, 3), terminal=True)
    model, value = mdp.expected, np.random.default_rng(0).random(20)
    blocks = modified_policy_iteration_numpy.Padded.of(model)
    assert blocks
    q = blocks.reward + 0.9 * (blocks.probability * value[blocks.next_state]).sum(axis=0)
    number = np.arange(model.n_pairs) - model.pair_start[:-1][model.pair_state]

    np.testing.assert_allclose(q[number, model.pair_state], model.action_value(value, 0.9))
    np.testing.assert_allclose(q.max(axis=0), model.best(model.action_value(value, 0.9)))


def test_a_few_long_pairs_are_not_padded_for() -> None:
    """One action that may lead anywhere would make all of them as long."""
    outcomes = {(s, 0): [((s + 1) % 50, 1.0, 0.0)] for s in range(50)}
    outcomes[0, 0] = [(s, 1 / 50, 1.0) for s in range(50)]
    problem = Problem(mdp_of(outcomes, 50).expected, 0.9, 1e-9, 1000)

    assert modified_policy_iteration_numpy.solve(problem) is None


def test_a_map_is_left_to_others_soon() -> None:
    """Values travel a cell a sweep: sweeps would take as many as the map is wide, and more."""
    lake = slippery_lake(60)
    problem = Problem(lake.expected, 0.999999, 1e-9, 10_000)
    modified_policy_iteration_numpy.solve(problem)

    assert len(problem.trace) < 60
    assert problem.trace[-1].bound > problem.tol


def test_small_models_that_mix_take_it_without_a_compiler() -> None:
    mdp = random_model(np.random.default_rng(0), n_states=900, branching=4)
    result = rlcalc.solve(mdp, gamma=0.99)
    direct = rlcalc.solve(mdp, gamma=0.99, method="policy-iteration")

    assert mdp.expected.n_outcomes > 1 << 13
    assert result.facts["method"] == "modified-policy-iteration"
    assert np.abs(result["v"] - direct["v"]).max() <= result.facts["bound"]


def test_values_that_are_not_finite_end_the_method() -> None:
    """A singular system of a policy that takes 2^300 steps; it went on for 100,000 rounds."""
    model = mixing(60, (3, 3), terminal=True).expected
    problem = Problem(model, 1.0, 1e-6, 1000, value=np.full(model.n_states, np.nan))
    answer = modified_policy_iteration_numpy.solve(problem)

    assert answer is not None
    assert answer.iterations == 1

"""Direct methods: each way to a policy's values solves the same equations."""

import numpy as np
import pytest

import rlcalc
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.solvers.methods import linear
from tests.solvers.models import dense, random_model


def test_three_ways_solve_the_dense_system() -> None:
    mdp = random_model(np.random.default_rng(9), 40, n_actions=1)
    p, r = dense(mdp)
    expected = np.linalg.solve(np.eye(40) - 0.9 * p, r)

    for solve in (linear.solve_system, linear.gth_elimination, linear.solve_by_factors):
        value = solve(mdp.expected, 0.9, mdp.expected.reward[:, None])[:, 0]

        np.testing.assert_allclose(value, np.ravel(expected), atol=1e-10)


@pytest.mark.parametrize("steps", [10, 60])
def test_equations_are_solved_without_subtraction(steps: int) -> None:
    """Each step goes on with 1/8, else back to the start: V(0) = −(8 + 8² + ... + 8^steps)."""
    state = np.repeat(np.arange(steps), 2)
    after = np.stack([np.arange(steps) + 1, np.zeros(steps)], axis=1).reshape(-1)
    mdp = rlcalc.MDP.from_rows(
        state, state * 0, after, np.tile([1 / 8, 7 / 8], steps), -np.ones(2 * steps)
    )
    chain = mdp.expected
    value = linear.gth_elimination(chain, 1.0, chain.reward[:, None])[0, 0]

    assert value == pytest.approx(-sum(8.0**n for n in range(1, steps + 1)), rel=1e-12)
    if steps == 10:  # of 60, no two floats hold the answer to 1e-6
        assert rlcalc.solve(mdp, gamma=1.0)["v"][0] == pytest.approx(value, rel=1e-12)


def test_visits_are_the_transposed_system() -> None:
    """Σ_s d(s) r(s) = Σ_s start(s) V(s), dense and sparse; a chain goes on with chance 0.9."""
    rng = np.random.default_rng(3)
    for n in (40, linear.DENSE + 300):
        following = np.minimum(np.arange(n)[:, None] + [1, 7], n).astype(np.int32)
        chain = ExpectedMDP(
            pair_start=np.append(np.arange(n + 1), n),
            outcome_start=np.arange(n + 1) * 2,
            next_state=following.reshape(-1),
            probability=np.tile([0.9, 0.1], n),
            reward=rng.normal(size=n),
            largest_reward=5.0,
        )
        start = np.append(rng.dirichlet(np.ones(n)), 0.0)
        for gamma in (0.9, 1.0):
            visits = linear.visits_of_chain(chain, gamma, start)
            value = linear.solve_system(chain, gamma, chain.reward[:, None])[:, 0]

            assert visits[-1] == 0
            assert visits[:-1] @ chain.reward == pytest.approx(start @ value, rel=1e-8)


@pytest.mark.parametrize("dense", [0, 1500])
def test_the_adjoint_sums_values_by_weights(dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Σ w v = Σ d r, for weights of any sign, with a dense matrix and with sparse factors."""
    monkeypatch.setattr(linear, "DENSE", dense)
    rng = np.random.default_rng(4)
    model = rlcalc.load_model("student").expected
    chain = model.induced_by(rlcalc.Policy.uniform(model).weight)
    weights = rng.normal(size=(chain.n_states, 3)) * ~chain.terminal[:, None]
    rewards = rng.normal(size=(chain.n_pairs, 1))
    value = linear.solve_system(chain, 0.9, rewards)[:, 0]
    visits = linear.solve_adjoint(chain, 0.9, weights)

    np.testing.assert_allclose(weights.T @ value, visits[~chain.terminal].T @ rewards[:, 0])


@pytest.mark.parametrize("dense", [0, 1500])
def test_the_adjoint_of_what_never_ends_is_no_number(
    dense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "DENSE", dense)
    loop = rlcalc.MDP.from_rows([0], [0], [0], [1], [1]).expected

    assert np.isnan(linear.solve_adjoint(loop, 1.0, np.ones((1, 1)))).all()

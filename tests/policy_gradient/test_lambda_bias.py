from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc import MDP, Experience, Policy
from rlcalc.policy_gradient.lambda_bias import (
    LAMBDAS,
    CriticInModel,
    lambda_rows,
    logged_critic,
)
from rlcalc.policy_gradient.target_policy import TargetPolicy

LEFT, RIGHT, END = 0, 1, 2


def two_states(rng: np.random.Generator) -> MDP:
    """From each state both actions lead to one of three places, with a reward for each."""
    rows = []
    for s, a in product((LEFT, RIGHT), (0, 1)):
        chance = rng.dirichlet([1, 1, 2])
        rows += [(s, a, t, chance[t], rng.normal()) for t in (LEFT, RIGHT, END)]
    return replace(MDP.from_rows(*zip(*rows, strict=True)), start=np.array([1.0, 0.0, 0.0]))


def critic_of(seed: int, gamma: float, *, exact: bool = False) -> CriticInModel:
    rng = np.random.default_rng(seed)
    mdp = two_states(rng)
    chance = rng.uniform(0.2, 0.8, 2)
    policy = np.ravel(np.column_stack([chance, 1 - chance]))
    named = {s: {0: chance[s], 1: 1 - chance[s]} for s in (LEFT, RIGHT)}
    solution = rlcalc.solve(mdp, policy=named, gamma=gamma)
    value = np.append(solution["v"][::2], 0.0)
    visits = rng.dirichlet(np.ones(2))[[0, 0, 1, 1]] * policy
    guess = value if exact else np.append(rng.normal(size=2), 0.0)
    return CriticInModel(mdp, policy, gamma, guess, value, visits)


seeds, discounts = st.integers(0, 1000), st.sampled_from([0.3, 0.9, 1.0])


@given(seeds, discounts, st.floats(0, 1))
def test_means_are_the_formula_of_one_solve(seed: int, gamma: float, lambda_: float) -> None:
    """E[A^λ|s,a] = r + γP(V̂ + λu) − V̂ with u = (I − γλP_π)⁻¹(r_π + γP_πV̂ − V̂), dense."""
    critic = critic_of(seed, gamma)
    model = critic.mdp.expected
    moves = model.probability.reshape(4, 3)[:, :2]
    average = np.zeros((2, 4))
    average[[0, 0, 1, 1], range(4)] = critic.policy
    guess = critic.value[:2]
    residual = average @ model.reward + gamma * average @ moves @ guess - guess
    u = np.linalg.solve(np.eye(2) - gamma * lambda_ * average @ moves, residual)
    expected = model.reward + gamma * moves @ (guess + lambda_ * u) - guess[[0, 0, 1, 1]]

    np.testing.assert_allclose(critic.moments(lambda_)[0], expected, atol=1e-9)


@given(seeds, discounts)
def test_at_one_the_tilt_is_0_and_the_target_is_right(seed: int, gamma: float) -> None:
    """A^1 = G − V̂(s), whose mean is A + V − V̂."""
    critic = critic_of(seed, gamma)
    table = {name: c.values for name, c in critic.table([0.0, 0.7, 1.0]).items()}

    assert table["tilt"][-1] == pytest.approx(0, abs=1e-7)
    assert table["target_bias"][-1] == pytest.approx(0, abs=1e-7)
    off = (critic.exact - critic.value)[critic.mdp.expected.pair_state]
    assert table["shift"][-1] == pytest.approx(np.sqrt(critic.visits @ off**2))
    np.testing.assert_allclose(table["bias"] ** 2, table["shift"] ** 2 + table["tilt"] ** 2)
    np.testing.assert_allclose(table["rmse"] ** 2, table["bias"] ** 2 + table["sd"] ** 2)


@given(seeds, discounts)
def test_an_exact_critic_has_no_bias_at_any_lambda(seed: int, gamma: float) -> None:
    table = critic_of(seed, gamma, exact=True).table(LAMBDAS)
    for name in ("bias", "shift", "tilt", "target_bias"):
        np.testing.assert_allclose(table[name].values, 0, atol=1e-5)


def test_mean_and_spread_are_those_of_simulated_episodes() -> None:
    critic = critic_of(11, 0.9)
    named = {s: dict(enumerate(critic.policy[2 * s : 2 * s + 2])) for s in (LEFT, RIGHT)}
    batch = rlcalc.simulate(critic.mdp, 200_000, seed=1, policy=named).whole()
    first, last = batch.start[:-1], batch.start[1:] - 1
    value = critic.value[batch.state]
    ahead = np.append(value[1:], 0.0)
    ahead[last] = 0.0
    td_error = batch.reward + 0.9 * ahead - value
    goes_on = np.ones(len(value))
    goes_on[last] = 0.0
    advantage = td_error.copy()
    for t in range(len(advantage) - 2, -1, -1):
        advantage[t] += 0.9 * 0.8 * goes_on[t] * advantage[t + 1]
    mean, squares = critic.moments(0.8)
    for a in (0, 1):
        here = advantage[first][batch.action[first] == a]
        error = here.std() / np.sqrt(len(here))

        assert here.mean() == pytest.approx(mean[a], abs=4 * error)
        assert here.var() == pytest.approx(squares[a] - mean[a] ** 2, rel=0.03)


def test_a_log_gives_the_visits_and_the_critic() -> None:
    mdp = two_states(np.random.default_rng(0))
    batch = rlcalc.simulate(mdp, 50, seed=1).whole()
    batch = replace(batch, value=np.arange(batch.n_steps, dtype=float))
    visits, value = logged_critic(TargetPolicy(mdp, np.full(4, 0.5), 0.9), [batch])
    pairs = np.bincount(batch.state * 2 + batch.action, minlength=4)

    np.testing.assert_allclose(visits, pairs / batch.n_steps)
    for s in (LEFT, RIGHT):
        assert value[s] == pytest.approx(batch.value[batch.state == s].mean())
    assert value[END] == 0


def student_log() -> rlcalc.Trajectories:
    log = rlcalc.simulate("student", 400, seed=1, policy="uniform").whole()
    return replace(log, value=np.where(log.state == log.states.code("class1"), 2.0, 0.5))


def uniform() -> tuple[MDP, Policy]:
    mdp = rlcalc.load_model("student")
    return mdp, Policy.uniform(mdp.expected)


def test_the_rows_of_a_log_and_its_model() -> None:
    """By the three kinds of critics: the log's own, the same by name, and the exact one."""
    log, (mdp, policy) = student_log(), uniform()
    own = lambda_rows(Experience.of(log), mdp, policy)
    named = {"class1": 2.0, "class2": 0.5, "class3": 0.5, "facebook": 0.5}
    same = lambda_rows(Experience.of(log), mdp, policy, value=named)
    exact = lambda_rows(Experience.of(log), mdp, policy, value="exact", lambdas=[0.0, 1.0])

    assert list(own.columns) == ["lambda", "bias", "shift", "tilt", "sd", "rmse", "target_bias"]
    assert own["lambda"].tolist() == list(LAMBDAS)
    for name in own.columns:
        np.testing.assert_allclose(own[name], same[name], atol=1e-12)
    np.testing.assert_allclose(exact["bias"], 0, atol=1e-7)
    assert own.facts["policy"] == "uniform"


def test_a_state_without_a_value_is_refused_if_the_policy_leads_there() -> None:
    mdp, policy = uniform()
    with pytest.raises(rlcalc.InputError, match="no value of 3 states"):
        lambda_rows(Experience.of(student_log()), mdp, policy, value={"class1": 2.0})


def test_the_command_takes_every_kind_of_critic() -> None:
    log, (mdp, policy) = student_log(), uniform()
    own = rlcalc.advantage(log, rows="lambda", model="student")
    exact = rlcalc.advantage(log, rows="lambda", value="exact:student")
    ce = rlcalc.advantage(log, rows="lambda", value="ce", model=mdp)
    values = {r["state"]: r["v"] for r in rlcalc.estimate(log, method="ce", of="v").rows()}

    assert list(own.rows()) == list(lambda_rows(Experience.of(log), mdp, policy).rows())
    np.testing.assert_allclose(exact["rmse"], exact["sd"])
    assert (
        ce["bias"].tolist()
        == lambda_rows(Experience.of(log), mdp, policy, value=values)["bias"].tolist()
    )
    with pytest.raises(rlcalc.UsageError, match="name it: --model MODEL"):
        rlcalc.advantage(log, rows="lambda")
    with pytest.raises(rlcalc.UsageError, match="add --rows lambda"):
        rlcalc.advantage(log, model="student")

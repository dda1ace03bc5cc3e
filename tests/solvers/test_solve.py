"""V, Q, A and the best policy: by hand, by identity, and by other routes to the same numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.policy import Policy
from rlcalc.solvers.request import SolveRequest
from rlcalc.solvers.solve import make_setup
from tests.solvers.models import (
    best_of_all_policies,
    by_state,
    linear_program,
    mdp_of,
    models,
    random_model,
    value_of,
)

METHODS = ["auto", "value-iteration", "policy-iteration", "linear"]
gammas = st.sampled_from([0.0, 0.3, 0.9, 0.99])


def test_two_rooms_as_worked_by_hand() -> None:
    """V(warm) = 4/(1 − γ) = 8 and V(cold) = −1 + γ 8 = 3."""
    result = rlcalc.solve("two-rooms")

    assert result["v"].tolist() == [3, 3, 8, 8]
    assert result["q"].tolist() == [1.5, 3, 8, 1.5]
    assert result["a"].tolist() == [-1.5, 0, 0, -6.5]
    assert result["pi"].tolist() == [0, 1, 1, 0]


@given(models(), gammas)
def test_no_policy_is_better_than_the_best(mdp: rlcalc.MDP, gamma: float) -> None:
    result = rlcalc.solve(mdp, gamma=gamma)

    np.testing.assert_allclose(by_state(mdp, result), best_of_all_policies(mdp, gamma), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gamma", [0.5, 0.99])
def test_every_method_agrees_with_linear_programming(method: str, gamma: float) -> None:
    for seed in range(5):
        mdp = random_model(np.random.default_rng(seed), n_states=30)
        result = rlcalc.solve(mdp, gamma=gamma, method=method)

        np.testing.assert_allclose(by_state(mdp, result), linear_program(mdp, gamma), atol=2e-6)


@given(models(), gammas, st.data())
def test_a_policy_has_the_value_that_its_linear_system_gives(
    mdp: rlcalc.MDP, gamma: float, data: st.DataObject
) -> None:
    drawn = data.draw(
        st.lists(st.integers(1, 8), min_size=mdp.n_pairs, max_size=mdp.n_pairs).map(np.array)
    )
    state = np.repeat(np.arange(mdp.n_states), np.diff(mdp.pair_start))
    weight = drawn / np.bincount(state, drawn, minlength=mdp.n_states)[state]
    result = rlcalc.solve(mdp, gamma=gamma, policy=Policy(weight, "drawn"))

    np.testing.assert_allclose(by_state(mdp, result), value_of(mdp, weight, gamma), atol=1e-9)


@given(models(), gammas, st.sampled_from(["optimal", "uniform", "epsilon:0.3", "softmax:2"]))
def test_the_identities_between_v_q_a_and_pi(mdp: rlcalc.MDP, gamma: float, policy: str) -> None:
    """Σ_a π A = 0, V = Σ_a π Q, A = Q − V, Q = r + γ P V; and the facts' residuals say so."""
    result = rlcalc.solve(mdp, gamma=gamma, policy=policy)
    model = mdp.expected
    first = model.pair_start[:-1][~model.terminal]
    value = by_state(mdp, result)

    np.testing.assert_allclose(np.add.reduceat(result["pi"], first), 1)
    np.testing.assert_allclose(np.add.reduceat(result["pi"] * result["a"], first), 0, atol=1e-9)
    np.testing.assert_allclose(result["a"], result["q"] - result["v"])
    np.testing.assert_allclose(result["q"], model.action_value(value, gamma), atol=1e-9)
    assert result.facts["residual"] < 1e-12 * max(1, np.abs(result["q"]).max())


@given(models(), st.sampled_from([0.0, 0.5, 0.9]), st.sampled_from(["vv", "qq", "vq", "qv"]))
def test_the_four_recursions_have_one_fixed_point(
    mdp: rlcalc.MDP, gamma: float, bellman: str
) -> None:
    for policy in ("optimal", "uniform"):
        direct = rlcalc.solve(mdp, gamma=gamma, policy=policy)
        result = rlcalc.solve(mdp, gamma=gamma, policy=policy, bellman=bellman, tol=1e-9)

        np.testing.assert_allclose(result["v"], direct["v"], atol=2e-9)
        np.testing.assert_allclose(result["q"], direct["q"], atol=2e-9)


@given(models(), gammas)
def test_renaming_states_renames_the_answer(mdp: rlcalc.MDP, gamma: float) -> None:
    """State s becomes n − 1 − s: the rows come in another order, with the same numbers."""
    n = mdp.n_states
    state = np.repeat(np.arange(n), np.diff(mdp.pair_start))
    outcome = np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))
    renamed = rlcalc.MDP.from_rows(
        n - 1 - state[outcome],
        mdp.action[outcome],
        n - 1 - mdp.next_state,
        mdp.probability,
        mdp.reward,
        states=mdp.states,
    )
    before, after = rlcalc.solve(mdp, gamma=gamma), rlcalc.solve(renamed, gamma=gamma)

    np.testing.assert_allclose(by_state(renamed, after), by_state(mdp, before)[::-1], atol=1e-12)


@given(models(), gammas, st.data())
def test_backups_are_monotone_and_contract(
    mdp: rlcalc.MDP, gamma: float, data: st.DataObject
) -> None:
    """v ≤ u gives Tv ≤ Tu, ‖Tv − Tu‖ ≤ γ ‖v − u‖, and T(v + c) = Tv + γ c where nothing ends."""
    model = mdp.expected
    numbers = st.lists(st.integers(-9, 9), min_size=mdp.n_states, max_size=mdp.n_states)
    v = np.array(data.draw(numbers), dtype=float)
    u = v + np.abs(np.array(data.draw(numbers)))

    def backup(value: np.ndarray) -> np.ndarray:
        return model.best(model.action_value(value, gamma))

    assert (backup(v) <= backup(u) + 1e-12).all()
    assert np.abs(backup(v) - backup(u)).max() <= gamma * np.abs(v - u).max() + 1e-12
    inner = ~model.terminal
    np.testing.assert_allclose((backup(v + 3) - backup(v))[inner], 3 * gamma, atol=1e-12)


def test_the_best_actions_share_pi_and_are_all_marked() -> None:
    result = rlcalc.solve("gridworld-4x4", gamma=1, states=["6", "5"])

    assert result["pi"].tolist() == [0.5, 0, 0.5, 0, 0.25, 0.25, 0.25, 0.25]


NEAR = 1e-8
"""How far apart the rewards of a model are that says nothing at the usual bound."""


def nearly_alike(size: float, apart: float) -> rlcalc.MDP:
    """One state; staying by one action earns `size`, by the other `size` + `apart`."""
    return mdp_of({(0, 0): [(0, 1.0, size)], (0, 1): [(0, 1.0, size + apart)]}, 1)


@pytest.mark.parametrize("method", METHODS)
def test_small_rewards_make_the_bound_small_too(method: str) -> None:
    """Known to 1e-6, values of 1e-8 would tell nothing: both actions would count as the best."""
    result = rlcalc.solve(nearly_alike(NEAR, NEAR), gamma=0.9, method=method)

    assert result["pi"].tolist() == [0, 1]
    np.testing.assert_allclose(result["v"], 20 * NEAR, rtol=1e-5)
    assert result.facts["bound"] < 1e-6 * NEAR
    assert result.facts["not_separated"] is None


def test_what_a_bound_does_not_tell_apart_is_said() -> None:
    """A bound of B leaves 2 B between action values open."""
    mdp = slow_model()
    loose = rlcalc.solve(mdp, gamma=0.9, method="value-iteration", tol=1.0)
    tight = rlcalc.solve(mdp, gamma=0.9, method="value-iteration", tol=1e-9)

    assert loose.facts["not_separated"] == 1
    assert "1 actions count as the best" in loose.notes[-1]
    assert loose["pi"][:2].tolist() == [0.5, 0.5]
    assert tight.facts["not_separated"] is None
    assert tight["pi"][:2].tolist() == [0, 1]
    assert not tight.notes


def slow_model() -> rlcalc.MDP:
    """Two actions that differ by a little, and a state elsewhere that keeps the bound away."""
    alike = {(0, 0): [(0, 1.0, 1.0)], (0, 1): [(0, 1.0, 1.0 + 1e-4)]}
    return mdp_of({**alike, (1, 0): [(1, 0.9, 5.0), (0, 0.1, 5.0)]}, 2)


def test_a_bound_that_is_asked_for_is_not_made_smaller() -> None:
    mdp = nearly_alike(NEAR, NEAR)
    asked = rlcalc.solve(mdp, gamma=0.9, method="value-iteration", tol=1e-6)

    assert asked.facts["iterations"] == 1


def test_gamma_next_to_1_is_solved_in_fractions() -> None:
    """Floats cannot tell 1/(1 − γ) to a tenth; the best policy is that of the fractions."""
    gamma = 0.9999999999999999
    result = rlcalc.solve(nearly_alike(1e-8, 1e-8), gamma=gamma)

    np.testing.assert_allclose(result["v"], 2e-8 / 1e-16, rtol=1e-12)
    assert ("gamma", "0.9999999999999999") in result.summary()


def test_a_bound_that_nothing_reaches_is_given_up_soon() -> None:
    """In fractions the best policy stays the same: the rest is the rounding of the answer."""
    with pytest.raises(rlcalc.NotConverged) as caught:
        rlcalc.solve("frozen-lake", gamma=0.9, tol=1e-300)

    assert 0 < caught.value.result.facts["bound"] < 1e-14


def test_a_horizon_that_fills_the_memory_is_refused() -> None:
    with pytest.raises(rlcalc.InputError, match=r"300,000,000 rows.*22 GB"):
        rlcalc.solve("forest", horizon=50_000_000)


def test_the_bound_to_accept_is_not_below_the_one_that_is_proven() -> None:
    with pytest.raises(rlcalc.NotConverged) as caught:
        rlcalc.solve("gridworld-5x5", gamma=0.9999999999999999, tol=1e-6)
    proven = caught.value.result.facts["bound"]
    accepted = float(caught.value.faults[0].fix.split()[1])

    assert proven <= accepted < 2 * proven


def test_a_policy_file_by_the_name_of_optimal_is_evaluated(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Its residual is that of the policy, not that of the optimum."""
    path = tmp_path / "optimal"
    path.write_text("policy:\n  cold: stay\n")
    result = rlcalc.solve("two-rooms", policy=path)

    assert result.facts["residual"] < 1e-12


def test_an_evaluated_policy_may_come_from_a_result(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """What solve writes, solve reads: the best policy's own value is the optimum."""
    best = rlcalc.solve("recycling-robot")
    path = tmp_path / "policy.csv"
    best.to_polars().write_csv(path)
    again = rlcalc.solve("recycling-robot", policy=path)

    np.testing.assert_allclose(again["v"], best["v"])
    assert again.facts["policy"] == "policy.csv"


def test_what_does_not_keep_its_bound_is_not_converged() -> None:
    with pytest.raises(rlcalc.NotConverged, match="could not prove"):
        rlcalc.solve("frozen-lake", method="value-iteration", max_iterations=3)


def test_the_trace_shows_bounds_that_hold() -> None:
    exact = rlcalc.solve("frozen-lake")["v"]
    for stop in (1, 5, 50):
        trace = rlcalc.solve("frozen-lake", bellman="vv", trace=True, tol=1e3, max_iterations=stop)
        short = rlcalc.solve("frozen-lake", bellman="vv", tol=1e3, max_iterations=stop)

        assert len(trace) <= stop
        assert np.abs(short["v"] - exact).max() <= short.facts["bound"]


CHOICE = mdp_of({(0, 0): [(0, 1.0, 1.0)], (0, 1): [(0, 1.0, 2.0)]}, 1)
"""One state; staying earns 1 or 2: with gamma = 1/2, Q is 1 + 4/2 = 3 and 2 + 4/2 = 4."""


def test_a_rule_is_given_the_best_action_values() -> None:
    request = SolveRequest(lambda model, q, tolerance: Policy(q / q.sum(), "by-value"))
    setup = make_setup(CHOICE, request, 0.5)

    assert setup.policy is not None
    np.testing.assert_allclose(setup.policy.weight, [3 / 7, 4 / 7])


def test_a_linear_program_is_named_and_right_at_gamma_1() -> None:
    for spec in ("gridworld-4x4", "two-rooms"):
        result = rlcalc.solve(spec, gamma=1.0 if spec == "gridworld-4x4" else 0.9, method="linear")
        other = rlcalc.solve(spec, gamma=result.facts["gamma"])

        assert result.facts["method"] == "linear"
        assert (
            np.abs(result["v"] - other["v"]).max() <= result.facts["bound"] + other.facts["bound"]
        )


def test_large_values_are_accepted_with_what_floats_hold() -> None:
    """3e9 a step for ever at γ = 0.99 is 3e11, of which a float holds some 1e-5."""
    model = {"P": np.ones((1, 1, 1)), "R": np.array([3e9])}
    result = rlcalc.solve(model, gamma=0.99)

    assert result["v"][0] == pytest.approx(3e11, abs=result.facts["bound"])
    assert 0 < result.facts["bound"] < 1
    assert rlcalc.solve(model, gamma=0.99, tol="1e-6r").facts["bound"] <= 3e5
    with pytest.raises(rlcalc.NotConverged):
        rlcalc.solve(model, gamma=0.99, tol=1e-9)
    with pytest.raises(rlcalc.UsageError, match="--tol 1e-6x is not a number"):
        rlcalc.solve(model, tol="1e-6x")


@pytest.mark.parametrize("policy", ["optimal", "uniform"])
def test_the_last_layer_of_a_horizon_is_the_first_of_all(policy: str) -> None:
    every = rlcalc.solve("gridworld-4x4", horizon=7, policy=policy)
    last = rlcalc.solve("gridworld-4x4", steps_to_go=7, policy=policy)
    n = len(last)

    assert last["steps_to_go"].tolist() == [7] * n
    assert last["q"].tolist() == every["q"][:n].tolist()
    assert last["pi"].tolist() == every["pi"][:n].tolist()
    assert last.facts["bound"] <= every.facts["bound"]
    assert last.facts["horizon"] == 7
    with pytest.raises(rlcalc.InputError, match="is more than 1,000,000 passes"):
        rlcalc.solve("gridworld-4x4", steps_to_go=1_000_001)
    with pytest.raises(rlcalc.UsageError, match="both name"):
        rlcalc.solve("gridworld-4x4", horizon=7, steps_to_go=7)

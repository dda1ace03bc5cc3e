from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rlcalc
from rlcalc import Experience, Trajectories
from rlcalc.estimators import certainty_equivalence
from rlcalc.labels import Labels, Numbers
from tests import reference
from tests.estimators.test_monte_carlo_coverage import play
from tests.estimators.transition_reference import Logged, logs, solution
from tests.strategies import batches, gammas

discounts = st.sampled_from([0.0, 0.3, 0.9, 0.99])


def test_two_states_by_hand() -> None:
    """Γ = 0.5: V(room) = 3 from rewards 2 and 4; V(hall) is the mean of 1, 3 and 0, 3 + 0.5·3."""
    result = rlcalc.estimate("two-states", method="ce")

    np.testing.assert_allclose(result["v"], [3, 3, 3])
    np.testing.assert_allclose(result["q"], [1.5, 4.5, 3])
    np.testing.assert_allclose(result["v_se"], [np.sqrt(14 / 12)] * 2 + [np.sqrt(2 / 3)])
    assert result.facts["method"] == "certainty equivalence (tabular LSTD is the same)"
    assert result.facts["start_value"] == pytest.approx(3)


@given(logs(), discounts)
def test_values_and_errors_are_those_of_dense_formulas(log: Logged, gamma: float) -> None:
    known = log.steps()
    assume(known)
    v, pairs = solution(known, gamma)
    result = rlcalc.estimate(log.arrays(), gamma=gamma, method="ce")
    rows = list(zip(result["state"], result["action"], strict=True))
    met = {s: sum(any(step[0] == s for step in steps) for steps in known) for s in v}

    assert set(rows) == set(pairs)
    near: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(result["v"], [v[s][0] for s, _ in rows], **near)
    for name in ("q", "a"):
        np.testing.assert_allclose(result[name], [pairs[row][name] for row in rows], **near)
    error = [v[s][1] if met[s] > 1 else np.nan for s, _ in rows]
    np.testing.assert_allclose(result["v_se"], error, rtol=1e-7, atol=1e-7)
    for name in ("q_se", "a_se"):
        here = np.isfinite(result[name])
        expected = np.array([pairs[row][name] for row in rows])
        np.testing.assert_allclose(result[name][here], expected[here], rtol=1e-7, atol=1e-7)


@given(logs(), discounts)
def test_values_are_the_house_solution_of_the_counted_model(log: Logged, gamma: float) -> None:
    """Another route: the transitions as rows of a model, solved with a proven bound."""
    known = log.steps()
    assume(known)
    result = rlcalc.estimate(log.arrays(), gamma=gamma, method="ce")
    every = [step for steps in known for step in steps]
    states, actions = Labels(textual=True), Labels(textual=True)
    code = [(states.code(s), actions.code(a)) for s, a, _, _ in every]
    size = {pair: code.count(pair) for pair in set(code)}
    mdp = rlcalc.MDP.from_rows(
        [s for s, _ in code], [a for _, a in code], [states.code(str(x[3])) for x in every],
        [1 / size[pair] for pair in code], [x[2] for x in every], states, actions,
    )  # fmt: skip
    policy: dict[str, dict[str, float]] = {}
    for s, a, pi in zip(result["state"], result["action"], result["pi"], strict=True):
        policy.setdefault(s, {})[a] = pi
    exact = rlcalc.solve(mdp, policy=policy, gamma=gamma)
    rows = {(r["state"], r["action"]): (r["v"], r["q"], r["a"]) for r in exact.rows()}
    for row in result.rows():
        expected = rows[row["state"], row["action"]]

        np.testing.assert_allclose([row["v"], row["q"], row["a"]], expected, rtol=1e-7, atol=1e-6)


@given(batches(), st.data())
def test_data_without_a_repeated_state_agree_with_monte_carlo(
    trajectories: list[reference.Trajectory], data: st.DataObject
) -> None:
    """Where each state belongs to one time and one past, what follows it is what its gains sum."""
    gamma = data.draw(gammas)
    tree = []
    for steps in trajectories:
        past = ""
        branch = []
        for s, a, r in steps:
            past += s
            branch.append((past, a, r))
            past += a
        tree.append(branch)
    mc = rlcalc.estimate(reference.arrays(tree), gamma=gamma)
    ce = rlcalc.estimate(reference.arrays(tree), gamma=gamma, method="ce")

    assert mc["state"].tolist() == ce["state"].tolist()
    np.testing.assert_array_equal(mc["n"], ce["n"])
    for name in ("v", "q", "a"):
        np.testing.assert_allclose(mc[name], ce[name], rtol=1e-9, atol=1e-9)
    assert ce.facts["start_value"] == pytest.approx(mc.facts["start_value"], abs=1e-9)
    assert ce.facts["start_value_se"] == pytest.approx(mc.facts["start_value_se"], abs=1e-5)


@given(batches())
def test_without_a_future_values_are_mean_rewards(
    trajectories: list[reference.Trajectory],
) -> None:
    every = rlcalc.estimate(reference.arrays(trajectories), gamma=0.0, visit="every")
    ce = rlcalc.estimate(reference.arrays(trajectories), gamma=0.0, method="ce")

    for name in ("n", "pi", "q", "v_n", "v", "a"):
        np.testing.assert_allclose(every[name], ce[name], atol=1e-9)


@given(logs(ends=("end", "neither", "a")), discounts)
def test_advantages_have_mean_zero_and_start_value_is_that_of_its_states(
    log: Logged, gamma: float
) -> None:
    result = rlcalc.estimate(log.arrays(), gamma=gamma, method="ce")
    for state in set(result["state"]):
        here = result["state"] == state

        assert abs((result["pi"] * result["a"])[here].sum()) < 1e-8
    value = dict(zip(result["state"], result["v"], strict=True))
    starts = [value[steps[0][0]] for steps in log.steps()]
    assert result.facts["start_value"] == pytest.approx(np.mean(starts), abs=1e-8)


@given(logs(ends=("end",)), discounts, st.floats(-50, 50), st.floats(0.01, 50))
def test_scale_and_shift_of_rewards(log: Logged, gamma: float, shift: float, scale: float) -> None:
    """V is linear in the rewards: errors scale with them; at γ = 0 a shift leaves them."""
    moved = [[(s, a, scale * r) for s, a, r in steps] for steps in log.trajectories]
    one = rlcalc.estimate(log.arrays(), gamma=gamma, method="ce")
    two = rlcalc.estimate(Logged(moved, log.ends).arrays(), gamma=gamma, method="ce")

    np.testing.assert_allclose(two["v"], scale * one["v"], rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(two["q_se"], scale * one["q_se"], rtol=1e-6, atol=1e-6)


def test_the_error_is_that_of_a_jackknife_over_trajectories() -> None:
    """E−1 over E times the sum of the squares of what leaving one out moves: alike to 1/E."""
    rng = np.random.default_rng(3)
    trajectories = [
        [("abc"[rng.integers(3)], "xy"[rng.integers(2)], rng.normal()) for _ in range(length)]
        for length in rng.geometric(0.3, 300)
    ]
    whole = rlcalc.estimate(reference.arrays(trajectories), gamma=0.8, method="ce")
    order = list(zip(whole["state"], whole["action"], strict=True))
    without: dict[str, list[Any]] = {"v": [], "q": [], "a": [], "start": []}
    for e in range(len(trajectories)):
        part = reference.arrays(trajectories[:e] + trajectories[e + 1 :])
        one = rlcalc.estimate(part, gamma=0.8, method="ce", jobs=1)
        place = {row: i for i, row in enumerate(zip(one["state"], one["action"], strict=True))}
        for name in ("v", "q", "a"):
            without[name].append(one[name][[place[row] for row in order]])
        without["start"].append(one.facts["start_value"])
    errors = {name: whole[f"{name}_se"] for name in ("v", "q", "a")}
    errors["start"] = np.array(whole.facts["start_value_se"])
    for name, values in without.items():
        jackknife = np.sqrt(299 / 300 * np.square(values - np.mean(values, axis=0)).sum(axis=0))

        np.testing.assert_allclose(errors[name], jackknife, rtol=0.03, err_msg=name)


def test_groups_of_trajectories_give_the_error_where_one_each_would_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = play(np.random.default_rng(5), 4000)
    exact = rlcalc.estimate(batch, gamma=0.9, method="ce")
    monkeypatch.setattr(certainty_equivalence, "MOST_INFLUENCES", 4000)
    grouped = rlcalc.estimate(batch, gamma=0.9, method="ce")

    assert grouped.facts["error_groups"] == 4000 // 9
    assert "error_groups" not in exact.facts
    for name in ("q_se", "v_se", "a_se"):
        np.testing.assert_allclose(grouped[name], exact[name], rtol=0.15)
    np.testing.assert_array_equal(grouped["v"], exact["v"])


def test_many_states_are_solved_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a Krylov method from 1,500 states on; errors then come from 64 groups."""
    from rlcalc.solvers.methods import linear

    batch = play(np.random.default_rng(6), 3000)
    few = rlcalc.estimate(batch, gamma=0.9, method="ce")
    monkeypatch.setattr(linear, "DENSE", 2)
    monkeypatch.setattr(certainty_equivalence, "FEW_STATES", 2)
    many = rlcalc.estimate(batch, gamma=0.9, method="ce")

    np.testing.assert_allclose(many["v"], few["v"], rtol=1e-10)
    np.testing.assert_allclose(many["q_se"], few["q_se"], rtol=0.4)
    assert many.facts["error_groups"] == 64


def test_lstd_is_the_same() -> None:
    lstd, ce = (rlcalc.estimate("two-states", method=m) for m in ("lstd", "ce"))

    assert list(lstd.rows()) == list(ce.rows())
    assert lstd.facts == ce.facts


def test_one_trajectory_has_no_error_bar() -> None:
    batch = reference.arrays([[("s", "a", 1.0), ("s", "b", 2.0)]])
    result = rlcalc.estimate(batch, gamma=0.5, method="ce")

    assert result.plain()["v_se"] == [None, None]
    assert result.plain()["v_low"] == [None, None]
    assert result.facts["start_value_se"] is None


@given(logs(), discounts, st.lists(st.integers(0, 40), max_size=6), st.integers(1, 3))
def test_any_batches_and_any_jobs_give_the_same_bits(
    log: Logged, gamma: float, cuts: list[int], jobs: int
) -> None:
    assume(log.steps())
    batch = log.arrays()
    edges = sorted({0, len(batch), *(cut for cut in cuts if cut < len(batch))})

    def answers(*parts: Trajectories, jobs: int) -> list[dict[str, Any]]:
        experience = Experience(iter(parts), batch.states, batch.actions)
        return list(rlcalc.estimate(experience, gamma=gamma, compare="ce,sarsa", jobs=jobs).rows())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Experience.pieces, "__defaults__", (16,))
        assume(any(e in ("end", "neither") for e in log.ends))
        whole = answers(batch, jobs=1)

        assert answers(*(batch.cut(a, b) for a, b in pairwise(edges)), jobs=jobs) == whole


def test_data_with_more_labels_than_a_number_can_count_by() -> None:
    """States and actions by the million: their triples are more than 2^63."""
    n = 3000
    states = Numbers(np.arange(3_000_000))
    batch = Trajectories(
        start=np.arange(n + 1),
        state=np.arange(n, dtype=np.int32) * 1000,
        action=np.arange(n, dtype=np.int32) * 999,
        reward=np.arange(n, dtype=float),
        terminated=np.ones(n, bool),
        truncated=np.zeros(n, bool),
        states=states,
        actions=states,
    )
    result = rlcalc.estimate(batch, method="ce", of="q")

    np.testing.assert_array_equal(result["q"], np.arange(n))
    np.testing.assert_array_equal(result["action"], np.arange(n) * 999)


def test_rewards_whose_squares_are_no_numbers_are_refused() -> None:
    batch = reference.arrays([[("a", "x", 1e200)], [("a", "x", -1e200)]])
    with pytest.raises(rlcalc.InputError):
        rlcalc.estimate(batch, method="ce")

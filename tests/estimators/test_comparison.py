import numpy as np
import pytest
from hypothesis import given

import rlcalc
from tests import reference
from tests.strategies import batches, gammas


@given(batches(), gammas)
def test_each_group_of_columns_is_that_of_its_method(
    trajectories: list[reference.Trajectory], gamma: float
) -> None:
    batch = reference.arrays(trajectories)
    both = rlcalc.estimate(batch, gamma=gamma, compare=["mc", "ce"], visit="every")
    for method in ("mc", "ce"):
        alone = rlcalc.estimate(
            batch, gamma=gamma, method=method, visit="every" if method == "mc" else "first"
        )
        for letter in "qva":
            for ending in ("", "_se", "_low", "_high"):
                np.testing.assert_array_equal(
                    both[f"{letter}_{method}{ending}"].astype(float), alone[f"{letter}{ending}"]
                )
        np.testing.assert_array_equal(both[f"v_{method}_n"], alone["v_n"])
        assert both.facts[f"start_value_{method}"] == alone.facts["start_value"]


def test_a_method_that_lacks_a_row_leaves_it_empty() -> None:
    """The step into the unknown counts for mc, not for ce."""
    batch = reference.arrays(
        [[("a", "x", 1.0)], [("b", "x", 5.0)]], terminated=[True, False], truncated=[False, True]
    )
    result = rlcalc.estimate(batch, compare="mc,ce,td", of="v")

    assert result.plain()["v_mc"] == [1.0, 5.0]
    assert result.plain()["v_ce"] == [1.0, None]
    assert result.plain()["v_td"] == [0.05, None]
    assert isinstance(result.facts["distance_to_fixed_point"], float)


def test_the_names_of_columns() -> None:
    result = rlcalc.estimate("two-states", compare="mc,td-lambda,ce")

    assert list(result.columns) == [
        "state",
        *(f"v_{m}{end}" for m in ("mc", "td_lambda", "ce") for end in (
            "_n", "", "_se", "_low", "_high"
        )),
    ]  # fmt: skip


def test_the_largest_z_is_that_of_a_jackknife_of_the_difference() -> None:
    rng = np.random.default_rng(8)
    trajectories = [
        [("abc"[rng.integers(3)], "x", rng.normal()) for _ in range(length)]
        for length in rng.geometric(0.3, 200)
    ]

    def difference(part: list[reference.Trajectory]) -> np.ndarray:
        result = rlcalc.estimate(reference.arrays(part), gamma=0.8, compare="mc,ce", of="v", jobs=1)
        gap = result["v_mc"] - result["v_ce"]
        return gap[np.argsort(result["state"])]

    whole = difference(trajectories)
    without = np.array([
        difference(trajectories[:e] + trajectories[e + 1 :]) for e in range(len(trajectories))
    ])  # fmt: skip
    error = np.sqrt(199 / 200 * np.square(without - without.mean(axis=0)).sum(axis=0))
    facts = rlcalc.estimate(reference.arrays(trajectories), gamma=0.8, compare="mc,ce").facts

    assert facts["largest_z"] == pytest.approx(np.abs(whole / error).max(), rel=0.03)
    assert facts["largest_z_state"] == "abc"[np.abs(whole / error).argmax()]


def test_exact_values_of_a_model_stand_beside_a_log_of_it() -> None:
    log = rlcalc.simulate("student", 200, seed=1, policy="uniform").whole()
    beside = rlcalc.estimate(log, compare="mc,ce,td", model="student", of="v")
    played = rlcalc.estimate(
        "student", episodes=200, play={"seed": 1, "policy": "uniform"}, compare="mc,ce,td", of="v"
    )
    exact = {row["state"]: row["v"] for row in rlcalc.solve("student", policy="uniform").rows()}

    assert list(beside.columns)[-1] == "v_exact"
    assert beside.plain()["v_exact"] == [exact[state] for state in beside["state"]]
    assert list(beside.rows()) == list(played.rows())
    assert beside.facts["exact_start_value"] == pytest.approx(exact["class1"])


def test_cut_episodes_of_a_model_do_not_bias_ce() -> None:
    """The state that followed is known, so the exact values stand beside them; mc is too low."""
    play = {"seed": 1, "max_steps": 3}
    result = rlcalc.estimate("gridworld-4x4", episodes=500, play=play, compare="mc,ce", of="v")
    z = np.abs(result["v_ce"] - result["v_exact"]) / result["v_ce_se"]

    assert np.median(z) < 3
    assert (result["v_mc"] > result["v_exact"] + 3).any()


def test_beside_q_learning_stands_the_best_policy() -> None:
    """That is what it aims at, whatever policy plays."""
    best = {row["state"]: row["v"] for row in rlcalc.solve("student").rows()}
    log = rlcalc.simulate("student", 50, seed=1, policy="uniform").whole()
    beside = rlcalc.estimate(log, method="q-learning", model="student", of="all")
    played = rlcalc.estimate("student", episodes=50, play={"seed": 1}, method="q-learning")

    for result in (beside, played):
        assert result.plain()["v_exact"] == pytest.approx([best[s] for s in result["state"]])


def test_a_model_of_another_world_is_refused() -> None:
    with pytest.raises(rlcalc.InputError, match="the model has no state hall"):
        rlcalc.estimate("two-states", method="ce", model="student")

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc import Experience, Trajectories
from rlcalc.engines.threads import run
from rlcalc.errors import InputError, UsageError
from rlcalc.estimators import monte_carlo
from rlcalc.labels import Labels
from tests import reference
from tests.strategies import batches, gammas

VISITS = ("first", "every")
visits = st.sampled_from(VISITS)
VALUES = ("n", "pi", "q", "q_se", "v_n", "v", "v_se", "a", "a_se")


def test_two_states_by_hand() -> None:
    """The answer that is worked out in the spec's own comment."""
    result = rlcalc.estimate("two-states")

    assert result["state"].tolist() == ["hall", "hall", "room"]
    assert result["action"].tolist() == ["left", "right", "stay"]
    np.testing.assert_array_equal(result["n"], [2, 2, 2])
    np.testing.assert_array_equal(result["pi"], [0.5, 0.5, 1.0])
    np.testing.assert_allclose(result["v"], [3, 3, 3])
    np.testing.assert_allclose(result["v_se"], [np.sqrt(14 / 12), np.sqrt(14 / 12), 1])
    np.testing.assert_allclose(result["q"], [1.5, 4.5, 3])
    np.testing.assert_allclose(result["q_se"], [0.5, 1.5, 1])
    np.testing.assert_allclose(result["a"], [-1.5, 1.5, 0])
    np.testing.assert_allclose(result["a_se"], [np.sqrt(1.75), np.sqrt(1.75), 0], atol=1e-15)


@given(batches(), gammas, visits)
def test_estimates_are_those_of_the_plain_reference(
    trajectories: list[reference.Trajectory], gamma: float, visit: str
) -> None:
    result = rlcalc.estimate(reference.arrays(trajectories), gamma=gamma, visit=visit)
    v, q = reference.estimates(trajectories, gamma, visit)

    rows = list(zip(result["state"], result["action"], strict=True))
    assert set(rows) == set(q)
    assert rows == sorted(rows, key=lambda row: (list(v).index(row[0]),))
    scale = 1e-12 * 1000
    for name, expected in (
        ("q", [q[row]["value"] for row in rows]),
        ("v", [v[row[0]]["value"] for row in rows]),
        ("a", [q[row]["a"] for row in rows]),
    ):
        np.testing.assert_allclose(result[name], expected, rtol=1e-12, atol=scale, err_msg=name)
    # near 0 an error is the root of what rounding left of a sum of squares
    for name, expected in (
        ("q_se", [q[row]["se"] for row in rows]),
        ("v_se", [v[row[0]]["se"] for row in rows]),
        ("a_se", [q[row]["a_se"] for row in rows]),
    ):
        np.testing.assert_allclose(result[name], expected, rtol=1e-9, atol=1e-5, err_msg=name)
    np.testing.assert_array_equal(result["n"], [q[row]["n"] for row in rows])
    np.testing.assert_array_equal(result["v_n"], [v[row[0]]["n"] for row in rows])


@given(batches(), gammas, visits, st.lists(st.integers(0, 40), max_size=6), st.integers(1, 3))
def test_any_batches_and_any_jobs_give_the_same_bits(
    trajectories: list[reference.Trajectory],
    gamma: float,
    visit: str,
    cuts: list[int],
    jobs: int,
) -> None:
    batch = reference.arrays(trajectories)
    edges = sorted({0, len(batch), *(cut for cut in cuts if cut < len(batch))})

    def answers(*parts: Trajectories, jobs: int) -> rlcalc.Result:
        experience = Experience(iter(parts), batch.states, batch.actions)
        pieces = experience.pieces
        experience.pieces = lambda: pieces(16)  # type: ignore[method-assign,misc]
        engine = partial(run, jobs=jobs)
        return monte_carlo.estimate(experience, gamma, visit, engine=engine)  # type: ignore[arg-type]

    whole = answers(batch, jobs=1)
    cut = answers(*(batch.cut(a, b) for a, b in pairwise(edges)), jobs=jobs)
    for name in VALUES:
        np.testing.assert_array_equal(whole[name], cut[name], err_msg=name)


@given(batches(), gammas)
def test_every_visit_advantages_have_mean_zero(
    trajectories: list[reference.Trajectory], gamma: float
) -> None:
    """Σ_a π̂(a|s) Â(s,a) = 0: V̂ is then the mean of all Q̂, weighted by their visits."""
    result = rlcalc.estimate(reference.arrays(trajectories), gamma=gamma, visit="every")
    for state in set(result["state"]):
        here = result["state"] == state

        assert abs((result["pi"] * result["a"])[here].sum()) < 1e-9
        assert np.isclose(result["pi"][here].sum(), 1)


@given(batches(), visits, st.floats(-50, 50), st.floats(0.01, 50))
def test_a_shift_of_one_step_rewards_moves_values_and_not_advantages(
    trajectories: list[reference.Trajectory], visit: str, shift: float, scale: float
) -> None:
    """With γ = 0 the gain is the reward."""
    moved = [[(s, a, scale * r + shift) for s, a, r in steps] for steps in trajectories]
    one = rlcalc.estimate(reference.arrays(trajectories), gamma=0.0, visit=visit)
    two = rlcalc.estimate(reference.arrays(moved), gamma=0.0, visit=visit)

    np.testing.assert_allclose(two["v"], scale * one["v"] + shift, atol=1e-8)
    np.testing.assert_allclose(two["a"], scale * one["a"], atol=1e-8)
    np.testing.assert_allclose(two["q_se"], scale * one["q_se"], rtol=1e-6, atol=1e-4)


def test_large_offsets_do_not_cancel() -> None:
    """Gains of 1e9 that differ by 1: a sum of squares around 0 would have no digit right."""
    rewards = 1e9 + np.array([0.0, 1.0, 2.0, 3.0, 4.0] * 20)
    batch = Trajectories.from_arrays(
        ["s"] * 100, ["a"] * 100, rewards, length=np.ones(100, dtype=int)
    )

    assert rlcalc.estimate(batch)["v_se"][0] == pytest.approx(np.std(rewards, ddof=1) / 10)


@given(batches(states="ab"), gammas, visits)
def test_renaming_renames_the_answer(
    trajectories: list[reference.Trajectory], gamma: float, visit: str
) -> None:
    names = {"a": "zebra", "b": "[red]5[/]"}
    renamed = [[(names[s], a, r) for s, a, r in steps] for steps in trajectories]
    one = rlcalc.estimate(reference.arrays(trajectories), gamma=gamma, visit=visit)
    two = rlcalc.estimate(reference.arrays(renamed), gamma=gamma, visit=visit)

    assert [names[s] for s in one["state"]] == two["state"].tolist()
    for name in VALUES:
        np.testing.assert_array_equal(one[name], two[name])


@pytest.mark.parametrize("visit", VISITS)
def test_one_step_data_are_means_of_rewards(visit: str) -> None:
    """A bandit: Q̂ is the mean reward of the action, nothing more, whatever γ is."""
    rng = np.random.default_rng(0)
    arm, reward = rng.integers(0, 3, 500), rng.normal(size=500)
    batch = Trajectories.from_arrays(
        np.zeros(500, int), arm, reward, length=np.ones(500, dtype=int)
    )
    result = rlcalc.estimate(batch, gamma=0.7, visit=visit)
    for row, a in enumerate(result["action"]):
        chosen = reward[arm == a]

        assert result["q"][row] == pytest.approx(chosen.mean(), abs=1e-14)
        assert result["q_se"][row] == pytest.approx(chosen.std(ddof=1) / np.sqrt(len(chosen)))
    np.testing.assert_allclose(result["v"], reward.mean())


def test_one_trajectory_has_no_error_bar() -> None:
    result = rlcalc.estimate(reference.arrays([[("s", "a", 1.0), ("s", "b", 2.0)]]))

    assert np.isnan([result["q_se"], result["v_se"], result["a_se"], result["v_low"]]).all()
    assert result.plain()["v_se"] == [None, None]


@pytest.mark.parametrize("of", ["v", "q", "a"])
def test_parts_are_columns_of_the_whole(of: str) -> None:
    part, whole = rlcalc.estimate("two-states", of=of), rlcalc.estimate("two-states")  # type: ignore[arg-type]
    for name in (of, f"{of}_se", f"{of}_low", f"{of}_high"):
        places = [0, 2] if of == "v" else [0, 1, 2]

        np.testing.assert_array_equal(part[name], whole[name][places])


def test_states_come_in_order_of_first_appearance() -> None:
    """Also where a state was met first as the last state of a trajectory."""
    result = rlcalc.estimate(reference.arrays([[("b", "x", 1.0)], [("a", "x", 1.0)]]))

    assert result["state"].tolist() == ["b", "a"]


def test_more_labels_than_steps() -> None:
    """Every action is another one, as with responses of a language model: nothing is dense."""
    n = 3000
    batch = Trajectories(
        start=np.arange(n + 1),
        state=np.zeros(n, np.int32),
        action=(np.arange(n, dtype=np.int32) * 1000),
        reward=np.arange(n, dtype=float),
        terminated=np.ones(n, bool),
        truncated=np.zeros(n, bool),
        states=Labels(["s"]),
        actions=Labels(map(str, range(1000 * n))),
    )
    result = rlcalc.estimate(batch)

    np.testing.assert_array_equal(result["q"], np.arange(n))
    np.testing.assert_allclose(result["a"], np.arange(n) - (n - 1) / 2)


def test_unknown_options_are_refused() -> None:
    for wrong in ({"visit": "last"}, {"of": "w"}, {"confidence": 1.0}, {"truncated": "boostrap"}):
        with pytest.raises(UsageError):
            rlcalc.estimate("two-states", **wrong)  # type: ignore[arg-type]


def test_nothing_left_is_an_error() -> None:
    batch = Trajectories.from_arrays(["s"], ["a"], [1.0], truncated=[True])
    with pytest.raises(InputError, match="no step is left"):
        rlcalc.estimate(batch, truncated="drop")


def random_batch(
    rng: np.random.Generator, n_steps: int, n_states: int, n_actions: int
) -> Trajectories:
    ends = np.sort(rng.choice(np.arange(1, n_steps), n_steps // 20, replace=False))
    start = np.concatenate([[0], ends, [n_steps]])
    n = len(start) - 1
    return Trajectories(
        start=start.astype(np.int64),
        state=rng.integers(0, n_states, n_steps).astype(np.int32),
        action=rng.integers(0, n_actions, n_steps).astype(np.int32),
        reward=rng.normal(size=n_steps),
        terminated=np.ones(n, bool),
        truncated=np.zeros(n, bool),
        states=Labels(map(str, range(n_states))),
        actions=Labels(map(str, range(n_actions))),
    )

"""Branches: the example on paper, Fisher and Welch by scipy, and the exact Q − V of a world."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, ttest_ind

import rlcalc
from rlcalc.groups.branch_tests import permutation_p
from tests.groups.branching import MOCK, MOCK_REWARDS, branches_of

rollouts = st.lists(
    st.tuples(st.integers(0, 1), st.text("ab", max_size=4), st.integers(-9, 9)),
    min_size=1,
    max_size=16,
)


def test_the_example_on_paper() -> None:
    """Eight answers: 5 begin with a (mean 2/5), 2 with b (1), 1 with c (0); the mean is 1/2."""
    branches = branches_of(MOCK, MOCK_REWARDS)

    assert branches.branch[0] == pytest.approx([0.4, 1, 0, 2 / 3, 0])
    assert branches.advantage == pytest.approx([-0.1, 0.5, -0.5, 2 / 3 - 0.4, -0.4])
    assert branches.rest[0] == pytest.approx([2 / 3, 1 / 3, 4 / 7, 0, 2 / 3])
    assert branches.p == pytest.approx([1, 3 / 7, np.nan, 0.4, 0.4], nan_ok=True)
    assert branches.p_holm == pytest.approx([1, 1, np.nan, 1, 1], nan_ok=True)  # three tests
    assert branches.status() == ["chance", "chance", "untold", "chance", "chance"]


def test_where_the_sum_of_advantages_lies() -> None:
    """Σ m |A| is .5 + 1 + .8 + .8 tested and .5 unique; equal answers ab add 1/3 + 1/3 + 2/3."""
    facts = branches_of(MOCK, MOCK_REWARDS).facts()
    total = 3.1 + 0.5 + 4 / 3

    assert facts["tested_share"] == pytest.approx(3.1 / total)
    assert facts["unique_share"] == pytest.approx(0.5 / total)
    assert facts["repeats_share"] == pytest.approx(4 / 3 / total)
    assert facts["single_rest_share"] == 0
    assert (facts["branches"], facts["untold"], facts["distinct_responses"]) == (5, 1, 4)
    assert facts["depths"] == {
        "least": 0, "first quarter": 0, "median": 0, "third quarter": 1, "most": 1,
    }  # fmt: skip


@given(rollouts)
def test_values_and_tests_are_those_of_scipy(rollouts: list[tuple[int, str, int]]) -> None:
    rollouts = sorted(rollouts, key=lambda rollout: rollout[0])
    groups, texts, rewards = zip(*rollouts, strict=True)
    branches = branches_of(texts, rewards, groups)
    trees = branches.trees
    for j in range(len(trees.low)):
        of = trees.order[trees.node_low[j] : trees.node_high[j]]
        inside = trees.order[trees.low[j] : trees.high[j]]
        side = np.array(rewards, float)[inside]
        rest = np.array(rewards, float)[np.setdiff1d(of, inside)]
        every = np.array([r for g, r in zip(groups, rewards, strict=True) if g == groups[of[0]]])

        assert branches.branch[0][j] == pytest.approx(side.mean(), abs=1e-12)
        assert branches.rest[0][j] == pytest.approx(rest.mean(), abs=1e-12)
        expected = side.mean() - np.array(rewards, float)[of].mean()
        assert branches.advantage[j] == pytest.approx(expected, abs=1e-12)
        if min(len(side), len(rest)) == 1:
            assert np.isnan(branches.p[j])
            continue
        if len({*side, *rest}) == 1:
            p = 1.0
        elif len(set(every)) == 2 or (len(set(side)) == len(set(rest)) == 1):
            high = max(*side, *rest)
            table = [[(one == high).sum(), (one != high).sum()] for one in (side, rest)]
            p = fisher_exact(table)[1]
        else:
            with warnings.catch_warnings(action="ignore"):  # a side may be constant
                p = ttest_ind(side, rest, equal_var=False).pvalue
            p = max(p, permutation_p(side, rest)) if p <= 0.05 else p
        assert branches.p[j] == pytest.approx(p, rel=1e-8, abs=1e-300)


@given(st.floats(0.1, 1e6), st.floats(-1e6, 1e6))
def test_another_unit_of_the_reward_changes_no_p(scale: float, shift: float) -> None:
    texts, rewards = ["aa", "ab", "aa", "b", "b", "ba"], np.array([1.0, 0, 3, 0, 2, 1])
    one, other = branches_of(texts, rewards), branches_of(texts, rewards * scale + shift)
    tolerance = 1e-9 * (1 + abs(shift) / scale)
    np.testing.assert_allclose(other.p, one.p, rtol=tolerance)
    np.testing.assert_allclose(other.advantage, one.advantage * scale, atol=tolerance * scale)


def test_the_two_branches_of_a_node_are_one_test() -> None:
    texts = ["a"] * 8 + ["b"] * 8
    branches = branches_of(texts, [1.0] * 8 + [0.0] * 8)
    assert branches.p_holm == pytest.approx(branches.p)
    assert branches.status() == ["significant"] * 2


def test_needed_rollouts_of_a_plan() -> None:
    """ab has s² = 1/3: 33.3 − 3 more; b has equal rewards, so the node's s² = 2/7: 28.6 − 2."""
    branches = branches_of(MOCK, MOCK_REWARDS)
    assert branches.needed(0.1).tolist() == [30 - 5, 29 - 2, 29 - 1, 34 - 3, 30 - 2]
    assert branches.needed(10.0).tolist() == [0] * 5
    assert np.isnan(branches_of(["a", "b"], [1.0, 1.0]).needed(0.1)).all()


def deviations(episodes: int, seed: int) -> dict[tuple[str, str, str], float]:
    """(A − exact Q − V) / error of the branches of simulated rollouts of the language world."""
    exact = rlcalc.solve("language", policy="spec")
    names = [str(state).partition("|") for state in exact["state"]]
    advantage = {
        (prompt, prefix, "(end)" if action == "." else str(action)): a
        for (prompt, _, prefix), action, a in zip(names, exact["action"], exact["a"], strict=True)
    }
    played = list(rlcalc.simulate("language", episodes, rows="rollouts", seed=seed, policy="spec"))
    answer = rlcalc.group(played, rows="branches", group="prompt", by="characters")
    keys = zip(answer["group"], answer["prefix"], answer["next"], strict=True)
    return {
        key: (a - advantage[key]) / error
        for key, a, error in zip(keys, answer["advantage"], answer["advantage_se"], strict=True)
    }


def test_branches_of_simulated_rollouts_agree_with_the_exact_advantage() -> None:
    z = deviations(40_000, seed=1)
    assert len(z) == 14
    assert max(map(abs, z.values())) < 3.5


def test_errors_of_advantages_cover_the_exact_ones() -> None:
    z = np.array([value for seed in range(60) for value in deviations(1_000, seed).values()])
    assert 0.92 < (np.abs(z) < 1.96).mean() < 0.98


@pytest.mark.parametrize("size", [8, 64])
@pytest.mark.parametrize("reward", ["normal", "right and a bonus", "three values", "right"])
def test_chance_alone_seldom_makes_a_branch_significant(size: int, reward: str) -> None:
    """By Welch's test alone 13 % of groups of 16, and 30 % of 64, had one for a bonus of 1 %."""
    random, n = np.random.default_rng(5), 600 * size
    right = random.random(n) < 0.3
    rewards = {
        "normal": random.standard_normal(n),
        "right and a bonus": right + 0.01 * random.random(n),
        "three values": random.choice([0, 0.1, 1], n),
        "right": right.astype(float),
    }[reward]
    texts = ["".join(random.choice(["a", "b"], 5)) for _ in range(n)]
    branches = branches_of(texts, rewards.tolist(), np.repeat(np.arange(600), size).tolist())
    some = np.zeros(600, bool)
    some[branches.trees.tree[np.array(branches.status()) == "significant"]] = True
    assert some.mean() < 0.05

"""Every estimator: an example on paper, and what must hold for any rewards."""

import inspect
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError, UsageError
from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.compute import advantages, estimator_function
from rlcalc.groups.advantages.convention import Convention, Whiten
from rlcalc.groups.advantages.request import ConventionRequest
from rlcalc.groups.advantages.trainers import convention_of
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts

CENTRING = ("grpo", "dr-grpo", "rloo", "gpg", "maxrl", "reinforce++-baseline", "opo", "gdpo")
values = st.floats(-3, 3, allow_nan=False, width=32).map(lambda v: round(v, 3))


@st.composite
def many(draw: st.DrawFn, smallest: int = 2) -> Rollouts:
    """At least two groups in two steps, interleaved."""
    sizes = draw(st.lists(st.integers(smallest, 5), min_size=2, max_size=7))
    group = np.repeat(np.arange(len(sizes)), sizes)
    order = np.array(draw(st.permutations(range(len(group)))))
    n = len(group)
    return Rollouts.from_arrays(
        group[order],
        draw(st.lists(values, min_size=n, max_size=n)),
        step=(group % 2)[order],
        length=draw(st.lists(st.integers(1, 50), min_size=n, max_size=n)),
        baseline=draw(st.lists(values, min_size=n, max_size=n)),
    )


def found(rollouts: Rollouts, name: str, **changes: object) -> Floats:
    return advantages(rollouts, replace(convention_of(name, None), **changes))  # type: ignore[arg-type]


def one_group(*rewards: float, length: list[float] | None = None) -> Rollouts:
    lengths = {"length": length} if length else {}
    return Rollouts.from_arrays([0] * len(rewards), list(rewards), **lengths)


PAPER: dict[str, tuple[Rollouts, dict[str, object], list[float]]] = {
    "grpo": (one_group(0, 2, 4), {"epsilon": 0.0}, [-1, 0, 1]),  # μ = 2, σ = √(8/2) = 2
    "dr-grpo": (one_group(1, 2, 6), {}, [-2, -1, 3]),
    "rloo": (one_group(1, 2, 6), {}, [-3, -1.5, 4.5]),  # against 4, 3.5 and 1.5
    "rloo-scaled": (one_group(0, 2, 4), {"epsilon": 0.0}, [-1.5, 0, 1.5]),  # 3/2 (r − μ)/2
    "rloo-whitened": (one_group(0, 2, 4), {"whiten": Whiten(epsilon=0.0)}, [-1, 0, 1]),
    "reinforce": (one_group(1, 2, 6), {}, [1, 2, 6]),
    "batch": (one_group(0, 2, 4), {"whiten": Whiten(epsilon=0.0)}, [-1, 0, 1]),
    "reinforce++": (  # tokens 0 0 0 1: mean 1/4, variance 3/16
        one_group(0, 1, length=[3, 1]),
        {"whiten": Whiten("tokens", ddof=0, epsilon=0.0)},
        [-0.25 / sqrt(3 / 16), 0.75 / sqrt(3 / 16)],
    ),
    "reinforce++-baseline": (  # tokens −½ −½ −½ ½: mean −1/4, variance 3/16
        one_group(0, 1, length=[3, 1]),
        {"whiten": Whiten("tokens", ddof=0, epsilon=0.0)},
        [-0.25 / sqrt(3 / 16), 0.75 / sqrt(3 / 16)],
    ),
    "remax": (
        Rollouts.from_arrays([0, 0], [1.0, 0.0], baseline=[0.25, 0.25]),
        {},
        [0.75, -0.25],
    ),
    "opo": (one_group(0, 1, length=[3, 1]), {}, [-0.25, 0.75]),  # baseline 1/4
    "gpg": (one_group(0, 0, 0, 1), {}, [-1, -1, -1, 3]),  # α = 4/1
    "pass-k": (one_group(0, 2, 4), {"epsilon": 0.0}, [0, 0, 1]),  # (4 − 2)/2
    "pass-k-analytic": (  # 1 right of 3, k = 2: R̄ = 1 − 1/3; A₋ = (1/3 − C(1,1)/C(2,1))/σ
        one_group(1, 0, 0),
        {"k": 2},
        [(1 / 3) / sqrt(2 / 9), (-1 / 6) / sqrt(2 / 9), (-1 / 6) / sqrt(2 / 9)],
    ),
    "maxrl": (one_group(0, 0, 0, 1), {}, [-1, -1, -1, 3]),  # (r − ¼)/¼
    "gdpo": (  # z of both functions is ±1/√2 each: sums √2 and −√2, whose deviation is 2
        Rollouts.from_arrays([0, 0], {"a": [1.0, 0.0], "b": [10.0, 0.0]}),
        {"epsilon": 0.0, "whiten": Whiten(epsilon=0.0)},
        [sqrt(2) / 2, -sqrt(2) / 2],
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_on_paper(name: str) -> None:
    rollouts, changes, expected = PAPER[name]

    np.testing.assert_allclose(found(rollouts, name, **changes), expected, atol=1e-12)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_each_says_its_formula_and_its_source(name: str) -> None:
    words = inspect.getdoc(estimator_function(name)) or ""

    assert "A" in words
    assert " = " in words
    assert "Source: " in words


@pytest.mark.parametrize("name", CENTRING)
@given(
    reward=st.sampled_from([0.1, 0.7, 1 / 3, 0.97, -0.2]),
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=4),
)
def test_equal_rewards_get_exactly_0(name: str, reward: float, sizes: list[int]) -> None:
    """0.1 + 0.1 + 0.1 is not 0.3, and still nothing is left to divide by epsilon."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    rollouts = Rollouts.from_arrays(group, np.full(len(group), reward), length=group + 1)

    assert found(rollouts, name).tolist() == [0.0] * len(group)


@pytest.mark.parametrize("name", ["grpo", "dr-grpo", "rloo", "gpg", "maxrl"])
@given(rollouts=many())
def test_advantages_of_a_group_have_mean_0(name: str, rollouts: Rollouts) -> None:
    totals = np.add.reduceat(found(rollouts, name), rollouts.start[:-1])
    largest = np.abs(found(rollouts, name)).max()

    np.testing.assert_allclose(totals, 0, atol=1e-9 * (1 + largest))


@pytest.mark.parametrize("name", ["dr-grpo", "rloo", "opo", "grpo", "pass-k", "batch"])
@given(rollouts=many(), shift=st.sampled_from([-2.0, 0.5, 8.0]))
def test_a_shift_of_all_rewards_changes_nothing(
    name: str, rollouts: Rollouts, shift: float
) -> None:
    shifted = rollouts.with_rewards({"reward": rollouts.reward + shift})

    np.testing.assert_allclose(found(shifted, name), found(rollouts, name), atol=1e-6)


@pytest.mark.parametrize("name", ["grpo", "pass-k"])
@given(rollouts=many(), by=st.sampled_from([0.5, 2.0, 16.0]))
def test_a_scale_of_the_rewards_changes_nothing_where_sigma_divides(
    name: str, rollouts: Rollouts, by: float
) -> None:
    scaled = rollouts.with_rewards({"reward": rollouts.reward * by})

    np.testing.assert_allclose(
        found(scaled, name, epsilon=0.0), found(rollouts, name, epsilon=0.0), atol=1e-9
    )


@given(many())
def test_rloo_is_grpo_without_sigma_made_larger(rollouts: Rollouts) -> None:
    size = np.repeat(rollouts.size, rollouts.size)

    np.testing.assert_allclose(
        found(rollouts, "rloo"), found(rollouts, "dr-grpo") * size / (size - 1), atol=1e-12
    )


@given(many())
def test_opo_is_dr_grpo_where_all_are_equally_long(rollouts: Rollouts) -> None:
    even = replace(rollouts, length=np.full(len(rollouts), 7.0))

    np.testing.assert_allclose(found(even, "opo"), found(even, "dr-grpo"), atol=1e-12)


@given(many())
def test_opo_weighted_by_length_has_mean_0(rollouts: Rollouts) -> None:
    assert rollouts.length is not None
    weighed = np.add.reduceat(found(rollouts, "opo") * rollouts.length, rollouts.start[:-1])

    np.testing.assert_allclose(weighed, 0, atol=1e-9)


@pytest.mark.parametrize("name", ["reinforce++", "reinforce++-baseline", "batch", "gdpo"])
@given(rollouts=many())
def test_whitened_batches_have_mean_0(name: str, rollouts: Rollouts) -> None:
    answer, edges = found(rollouts, name), rollouts.start[rollouts.batch]
    how = convention_of(name, None).whiten
    assert rollouts.length is not None
    weight = rollouts.length if how.over == "tokens" else np.ones(len(rollouts))

    np.testing.assert_allclose(np.add.reduceat(answer * weight, edges[:-1]), 0, atol=1e-6)


@given(many())
def test_with_rollouts_of_one_token_tokens_are_rollouts(rollouts: Rollouts) -> None:
    short = replace(rollouts, length=np.ones(len(rollouts)))
    rows = Convention("batch", whiten=Whiten("rollouts", 1, 1e-8, "root"))

    np.testing.assert_allclose(found(short, "reinforce++"), advantages(short, rows), atol=1e-12)


@given(many())
def test_gdpo_of_one_function_is_grpo_whitened(rollouts: Rollouts) -> None:
    z = advantages(rollouts, Convention("grpo", 1e-6))
    again = rollouts.with_rewards({"reward": z})

    np.testing.assert_allclose(
        found(rollouts, "gdpo"),
        advantages(again, Convention("batch", whiten=Whiten(epsilon=1e-6))),
        atol=1e-9,
    )


@given(many())
def test_remax_is_reinforce_less_the_baseline(rollouts: Rollouts) -> None:
    assert rollouts.baseline is not None

    np.testing.assert_array_equal(
        found(rollouts, "remax"), found(rollouts, "reinforce") - rollouts.baseline
    )


@given(many(smallest=3))
def test_leave_one_out_is_statistics_over_the_others(rollouts: Rollouts) -> None:
    """Written out for every rollout, with numpy's own mean and deviation."""
    answer = advantages(rollouts, Convention("grpo", 1e-6, leave_one_out=True))
    for g in range(rollouts.n_groups):
        part = slice(int(rollouts.start[g]), int(rollouts.start[g + 1]))
        reward = rollouts.reward[part]
        for i in range(len(reward)):
            others = np.delete(reward, i)
            sigma = others.std(ddof=1) if np.ptp(others) else 0.0
            by = sigma + 1e-6 if sigma else 1.0
            expected = (reward[i] - others.mean()) / by

            np.testing.assert_allclose(answer[part][i], expected, rtol=1e-9, atol=1e-9)


def test_the_odd_one_out_is_not_divided_by_rounding() -> None:
    """NeMo-RL's E[x²] − E[x]² makes 3693 of it in float32; the others' deviation is exactly 0."""
    rollouts = one_group(-0.25, *[0.35] * 7)
    answer = advantages(rollouts, convention_of("grpo", "nemo-rl"))

    np.testing.assert_allclose(answer[0], -0.6, rtol=1e-12)


@given(
    right=st.integers(0, 7), size=st.integers(2, 7), k=st.integers(1, 7)
)  # fmt: skip
def test_analytic_pass_k_is_the_mean_over_all_groups_of_k(right: int, size: int, k: int) -> None:
    """Every k of the G are a group whose reward is its best; A_i is its mean over those with i."""
    right, k = min(right, size), min(k, size)
    rewards = [1.0] * right + [0.0] * (size - right)
    subsets = list(combinations(range(size), k))
    reward = {subset: max(rewards[i] for i in subset) for subset in subsets}
    mean = Fraction(sum(map(int, reward.values())), len(subsets))
    sigma = sqrt(mean * (1 - mean))
    answer = found(one_group(*rewards), "pass-k-analytic", k=k)
    for i in range(size):
        mine = [reward[subset] for subset in subsets if i in subset]
        expected = (sum(mine) / len(mine) - float(mean)) / sigma if sigma else 0.0

        np.testing.assert_allclose(answer[i], expected, atol=1e-12)


@given(many())
def test_the_order_of_rows_does_not_matter(rollouts: Rollouts) -> None:
    """Groups that stand apart in the source are the same groups."""
    group = np.repeat(np.arange(rollouts.n_groups), rollouts.size)
    again = Rollouts.from_arrays(
        group, rollouts.reward, step=np.array(rollouts.step)[rollouts.step_of_group[group]]
    )

    np.testing.assert_array_equal(found(again, "grpo"), found(rollouts, "grpo"))


def test_what_is_missing_is_asked_for() -> None:
    plain = one_group(0, 1)
    with pytest.raises(InputError, match="length"):
        found(plain, "opo")
    with pytest.raises(InputError, match="greedy"):
        found(plain, "remax")
    with pytest.raises(UsageError, match="-k 0"):
        found(plain, "pass-k-analytic", k=0)
    for wrong in ({"epsilon": -1.0}, {"ddof": 2}, {"epsilon": float("nan")}):
        with pytest.raises(UsageError):
            ConventionRequest(**wrong).changed(convention_of("grpo", None))  # type: ignore[arg-type]

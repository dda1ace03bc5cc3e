"""Credit: the parts of every rollout add up to r − μ, or to the advantage of RLOO."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.branch_credit import BranchCredit
from rlcalc.result import Column
from tests.groups.branching import MOCK, MOCK_REWARDS, branches_of

Rollout = tuple[int, str, float]
rollouts = st.lists(
    st.tuples(st.integers(0, 1), st.text("ab", max_size=4), st.floats(-9, 9, width=32)),
    min_size=2,
    max_size=16,
)


def credit_of(rollouts: list[Rollout], *, leave_one_out: bool = False) -> dict[str, Column]:
    groups, texts, rewards = zip(*rollouts, strict=True)
    branches = branches_of(texts, rewards, groups)
    trees = branches.trees
    owner = np.repeat(np.arange(branches.rollouts.n_groups), branches.rollouts.size)
    first = owner[trees.order[trees.start[:-1]]]
    return dict(BranchCredit(branches, leave_one_out).columns(first))


@given(rollouts, st.booleans())
def test_the_parts_add_up_to_the_advantage(rollouts: list[Rollout], leave_one_out: bool) -> None:
    columns = credit_of(rollouts, leave_one_out=leave_one_out)
    parts = ("shared", "unique", "repeats")
    total = sum(np.asarray(columns[part].values) for part in parts)
    for (group, _, reward), sum_of_parts, advantage in zip(
        rollouts, total, columns["advantage"].values, strict=True
    ):
        others = [r for g, _, r in rollouts if g == group]
        if len(others) == 1:
            assert np.isnan(advantage)
            continue
        n = len(others)
        times = n / (n - 1) if leave_one_out else 1.0
        expected = (reward - np.mean(others)) * times
        assert advantage == pytest.approx(expected, abs=1e-11)
        assert sum_of_parts == pytest.approx(expected, abs=1e-11)


def test_the_example_on_paper() -> None:
    columns = credit_of([(0, *one) for one in zip(MOCK, MOCK_REWARDS, strict=True)])

    assert columns["arithmetic"].values[0] == "0.5 = −0.1 + 0.267 + 0.333"
    assert columns["arithmetic"].values[7] == "−0.5 = −0.5"
    assert columns["unique"].values[7] == -0.5  # the only answer that begins with c
    assert list(columns["next"].values) == ["b", "b", "b", "c", "c", "b", "b", "c"]
    assert list(columns["depth"].values) == [1, 1, 1, 1, 1, 0, 0, 0]


def test_without_its_own_reward_a_rollout_is_compared_with_others() -> None:
    """The first ab: others that begin with a have 1/4, others ab 1/2, all others 3/7."""
    columns = credit_of(
        [(0, *one) for one in zip(MOCK, MOCK_REWARDS, strict=True)], leave_one_out=True
    )
    assert columns["shared"].values[0] == pytest.approx(0.5 - 3 / 7)
    assert columns["repeats"].values[0] == 0.5
    assert columns["advantage"].values[0] == pytest.approx(4 / 7)


def test_long_sums_are_cut() -> None:
    rollouts = [(0, "a" * k + "b", float(k % 2)) for k in range(12)]
    arithmetic = credit_of(rollouts)["arithmetic"].values
    assert arithmetic[-1].endswith("(3 more)")
    assert max(line.count(" + ") + line.count(" − ") for line in arithmetic) == 8


def test_equal_responses_alone_are_decided_by_no_unit() -> None:
    columns = credit_of([(0, "a", 1.0), (0, "a", 0.0)])
    assert list(columns["repeats"].values) == [0.5, -0.5]
    assert columns["next"].values == [None, None]
    assert columns["arithmetic"].values[0] == "0.5 = 0.5"

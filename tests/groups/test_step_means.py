"""Means by step are those of the rows of the step, taken one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.groups import Groups
from rlcalc.groups.step_means import StepMeans, ratio, rewards_of_steps
from rlcalc.rollouts import Rollouts

rows = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from("ab"), st.sampled_from([0.0, 1.0, 0.5])),
    min_size=1,
    max_size=12,
)


def groups_of(rollouts: list[tuple[int, str, float]]) -> Groups:
    step, group, reward = zip(*rollouts, strict=True)
    return Groups(Rollouts.from_arrays(list(group), list(reward), step=list(step)))


@given(rows)
def test_means_are_taken_over_the_groups_or_the_rollouts_of_a_step(
    rollouts: list[tuple[int, str, float]],
) -> None:
    groups = groups_of(rollouts)
    means, columns = StepMeans(groups), StepMeans(groups).columns()
    every = np.ones(len(rollouts), dtype=bool)
    steps = sorted({step for step, _, _ in rollouts})
    rewards = [[r for s, _, r in rollouts if s == step] for step in steps]
    shares = [
        [np.mean([r >= 1 for s, g, r in rollouts if (s, g) == (step, name)]) for name in names]
        for step in steps
        for names in [sorted({g for s, g, _ in rollouts if s == step})]
    ]

    assert list(columns["step"].values) == steps
    assert columns["rollouts"].values.tolist() == [len(of_step) for of_step in rewards]
    assert means.of_rollouts(groups.rollouts.reward, every).tolist() == pytest.approx(
        [np.mean(of_step) for of_step in rewards]
    )
    assert rewards_of_steps(groups)[1].mean.tolist() == pytest.approx([np.mean(r) for r in rewards])
    pass_at_1 = [np.mean(s) if groups.tells_right else np.nan for s in shares]
    assert means.pass_at_1().values.tolist() == pytest.approx(pass_at_1, nan_ok=True)


def test_a_mean_of_nothing_is_not_known() -> None:
    assert ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])).tolist() == pytest.approx(
        [0.5, np.nan], nan_ok=True
    )

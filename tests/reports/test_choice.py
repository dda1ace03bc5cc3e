"""The groups that are shown in full: each once, and of many alike some from first to last."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.groups import DEAD, STATUS, Groups
from rlcalc.reports.choice import EACH, chosen_groups, every_group
from rlcalc.rollouts import Rollouts


def groups_of(rewards: list[list[float]]) -> Groups:
    group = np.repeat(np.arange(len(rewards)), [len(one) for one in rewards])
    return Groups(Rollouts.from_arrays(group, np.concatenate(rewards)))


def test_by_hand() -> None:
    groups = groups_of([[0, 0], [0, 1], [1, 1], [0, 0.5]])
    chosen = [(one.group, one.reason) for one in chosen_groups(groups, None)]

    assert chosen == [
        (1, "rewards vary most"),
        (3, "rewards vary most"),
        (0, "dead: too hard"),
        (2, "dead: too easy"),
    ]


def test_of_many_that_are_alike_some_from_first_to_last_are_taken() -> None:
    chosen = [one.group for one in chosen_groups(groups_of([[0.0, 1.0]] * 100), None)]

    assert len(chosen) == EACH
    assert (chosen[0], chosen[-1]) == (0, 99)


@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=4), min_size=1))
def test_each_group_is_chosen_at_most_once_for_a_true_reason(rewards: list[list[float]]) -> None:
    groups = groups_of(rewards)
    chosen = chosen_groups(groups, None)
    names = [STATUS[int(groups.status[one.group])] for one in chosen]

    assert len({one.group for one in chosen}) == len(chosen)
    for one, name in zip(chosen, names, strict=True):
        assert one.reason == (f"dead: {name}" if name in DEAD else "rewards vary most")
    assert [one.group for one in every_group(groups)] == list(range(len(rewards)))

"""Groups in full: each rollout with its reward, its advantage and how it comes about."""

from dataclasses import replace

import numpy as np

from rlcalc.groups.advantages.request import ConventionRequest
from rlcalc.groups.explain import Explanation
from rlcalc.groups.groups import Groups
from rlcalc.reports.choice import Chosen
from rlcalc.reports.full_groups import MOST_CARDS, full_groups
from rlcalc.rollouts import Rollouts


def explanation(rewards: list[float]) -> Explanation:
    rollouts = Rollouts.from_arrays(np.zeros(len(rewards), int), np.array(rewards))
    return Explanation(Groups(rollouts), ConventionRequest().convention("dr-grpo", None))


def test_by_hand() -> None:
    about = explanation([1.0, 0.0, np.nan])
    texts = replace(about.groups.rollouts, question=["q"] * 3, beginning=["a", "b" * 5000, None])
    (group,) = full_groups(about, texts, [Chosen(0, "because")], every=False)

    assert (group.prompt, group.reason, group.hidden) == ("q", "because", 0)
    assert dict(group.facts) == {
        "status": "mixed", "rollouts": "3", "mean μ": "0.5", "deviation σ": "0.707107"
    }  # fmt: skip
    assert dict(group.cards[0].facts) == {"reward": "1", "advantage": "0.5", "=": "1 − 0.5"}
    assert [card.is_right for card in group.cards] == [True, False, None]
    assert [card.cut for card in group.cards] == [0, 1000, 0]


def test_a_large_group_has_some_of_its_rollouts() -> None:
    about = explanation([float(n % 2) for n in range(100)])
    some, every = (
        full_groups(about, about.groups.rollouts, [Chosen(0, "")], every=all_)[0]
        for all_ in (False, True)
    )

    assert (len(some.cards), some.hidden) == (MOST_CARDS, 100 - MOST_CARDS)
    assert (len(every.cards), every.hidden) == (100, 0)

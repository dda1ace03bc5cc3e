"""The picture of branches: V̂ before and after each branch, a line for each response."""

import numpy as np

from rlcalc.groups.branch_charts import MOST_RESPONSES, branch_charts
from tests.groups.branching import MOCK, MOCK_REWARDS, branches_of


def test_a_line_has_the_values_of_its_prefixes() -> None:
    (chart,) = branch_charts(branches_of(MOCK, MOCK_REWARDS), np.array([0]), "words")
    rows = list(zip(*chart.columns.values(), strict=True))

    assert [row[:2] for row in rows if row[2] == "0 and 2 equal"] == [
        (0, 0.5), (1, 0.4), (2, 2 / 3),
    ]  # fmt: skip
    assert [row[:2] for row in rows if row[2] == "7"] == [(0, 0.5), (1, 0), (2, 0)]
    assert len({row[2] for row in rows}) == 4
    assert chart.note == "a line for each different response"


def test_the_group_with_the_smallest_p_is_drawn() -> None:
    texts = ["a", "b"] + ["c", "d"] * 20
    branches = branches_of(texts, [0.0, 1.0] * 21, [0, 0] + [1] * 40)
    (chart,) = branch_charts(branches, np.array([0, 1]), "words")
    assert chart.title == "Branches of group 1"
    assert chart.note == (
        "a line for each different response; of 2 groups the one with the smallest p"
    )


def test_few_of_many_responses_are_drawn() -> None:
    texts = [chr(ord("a") + k) for k in range(20)]
    (chart,) = branch_charts(branches_of(texts, [0.0, 1.0] * 10), np.array([0]), "words")
    assert len(set(chart.columns["response"])) == MOST_RESPONSES
    assert chart.note.endswith("8 of 20 are drawn")


def test_without_branches_there_is_no_picture() -> None:
    assert branch_charts(branches_of(["a", "a"], [0.0, 1.0]), np.array([0]), "words") == []

"""Tables of a report: the first rows of an answer, and facts as rows."""

import numpy as np

from rlcalc.reports.tables import MOST_ROWS, facts_table, row_table
from rlcalc.result import Column, Result


def test_a_long_answer_has_its_first_rows() -> None:
    result = Result("group", "Groups", {"n": Column(np.arange(5000), "count")}, {})
    table = row_table("Groups", result, "rlcalc group run")

    assert table.n_rows == 5000
    assert table.result["n"].tolist() == list(range(MOST_ROWS))


def test_facts_are_rows_and_parts_too() -> None:
    facts = {"pass_at_1": 0.5, "sizes": {"of 4": 8}, "empty": None, "name": "a"}
    table = facts_table("Facts", Result("group", "Groups", {}, facts))

    assert list(table.result.rows()) == [
        {"fact": "pass at 1", "value": 0.5},
        {"fact": "sizes of 4", "value": 8},
        {"fact": "name", "value": "a"},
    ]

from typing import Any

import pytest

import rlcalc
from rlcalc.errors import InputError


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({0: {0: [(0.5, 0, 1, False)]}}, "sum to 0.5"),
        ({0: {0: [(1, 7, 1, False)]}}, "there is 7"),
        ({0: {0: [(1, 0, 1)]}}, "there is"),
        ({0: {0: [("x", 0, 1, False)]}}, "there is"),
        ({0: {0: []}}, "no transitions"),
        ({1: {0: [(1, 1, 1, False)]}}, "are not the numbers 0 to 0"),
        ({0: {0: [(1, 0, float("nan"), False)]}}, "reward"),
        ({0: {"left": [(1, 0, 1, False)]}}, "there is 'left'"),
    ],
)
def test_faults_of_a_table_name_the_entry(table: Any, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        rlcalc.solve(table, gamma=0.5)
    assert "the table P" in caught.value.faults[0].where
    assert caught.value.faults[0].fix

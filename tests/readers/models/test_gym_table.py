import json
from pathlib import Path
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


TABLE = {"0": {"0": [[0.5, 1, 0, False], [0.5, 0, 1, False]], "1": [[1, 1, 2, True]]},
         "1": {"0": [[1, 0, 0.25, 0]]}}  # fmt: skip


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_table_in_a_file_is_that_in_memory(suffix: str, tmp_path: Path) -> None:
    """JSON writes keys as text, and is YAML too."""
    path = tmp_path / f"P.{suffix}"
    path.write_text(json.dumps(TABLE))
    numbers = {int(s): {int(a): o for a, o in row.items()} for s, row in TABLE.items()}
    ours, theirs = rlcalc.solve(path, gamma=0.9), rlcalc.solve(numbers, gamma=0.9)

    assert ours["v"].tolist() == theirs["v"].tolist()
    assert rlcalc.check(path).title == "A model"


@pytest.mark.parametrize("wrong", ["false", 2, None])
def test_an_end_is_true_or_false(wrong: Any, tmp_path: Path) -> None:
    path = tmp_path / "P.json"
    path.write_text(json.dumps({"0": {"0": [[1, 0, 1, wrong]]}}))
    with pytest.raises(InputError, match="terminated") as caught:
        rlcalc.solve(path)

    assert "line 1" in caught.value.faults[0].where

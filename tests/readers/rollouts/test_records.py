"""Records in memory: what their format is, and where its columns are."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.rollouts.dumps import skyrl, trl
from rlcalc.readers.rollouts.records import record_layout
from rlcalc.readers.rollouts.request import RolloutRequest
from tests.readers.rollouts.test_dumps import lines

PLAIN = RolloutRequest()
COLUMNS = ["step", "prompt", "completion", "acc", "advantage"]


def logged(*rows: list[Any]) -> dict[str, Any]:
    return {"columns": COLUMNS, "data": list(rows)}


def test_the_rewards_of_a_table_are_those_of_its_rows_as_records() -> None:
    """Any number may be a reward function; a flag and a text are none."""
    row = {"prompt": "q", "completion": "a", "advantage": 0.5, "acc": 1, "form": 0.5,
           "solved": True, "source": "7"}  # fmt: skip
    schema = pl.DataFrame([row]).schema
    of_record = record_layout(trl, row, None, "x", PLAIN)
    of_table = record_layout(trl, dict.fromkeys(row), schema, "x", PLAIN)

    assert of_record == of_table
    assert of_record is not None
    assert of_record.reward == ("acc", "form")


def test_tables_inside_records_are_read_one_after_the_other(tmp_path: Path) -> None:
    tables = [logged([7, "a", "x", 0.0, -0.7]), logged([7, "a", "y", 1.0, 0.7])]
    rollouts = rlcalc.load_rollouts(lines("x.jsonl", *tables)(tmp_path))

    assert rollouts.size.tolist() == [2]
    assert rollouts.reward.tolist() == [0, 1]
    assert rollouts.facts["format"] == "trl"


@pytest.mark.parametrize(
    ("rows", "what", "where"),
    [
        ([[7, "a", "x", 0.0, -0.7], [7, "a", "y", "z", 0.7]], "acc is 'z'", "row 2 of the table"),
        ([[7, "a", "x", 0.0, -0.7], [7, "a", "y"]], "row 2 of the table has not 5 cells", ".json"),
        ([], "there are no rollouts", ".json"),
    ],
)
def test_a_table_inside_a_record_says_which_of_its_rows_is_wrong(
    rows: list[list[Any]], what: str, where: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.table.json"
    path.write_text(json.dumps(logged(*rows)))
    with pytest.raises(InputError, match=what) as error:
        rlcalc.load_rollouts(path)

    assert error.value.faults[0].where.endswith(where)


def test_a_list_of_records_says_which_of_them_is_wrong(tmp_path: Path) -> None:
    """Whether a row is a rollout, or has one nested in it."""
    nested = [
        {"input_prompt": "q", "output_response": "a", "score": score} for score in (1, [0.5], "x")
    ]
    flat = [{"group": "g", "reward": score} for score in (1, 0.5, "x")]
    path = tmp_path / "x.json"

    assert record_layout(skyrl, nested[0], None, "x", PLAIN) is None
    for records in (nested, flat):
        path.write_text(json.dumps(records, indent=1))
        with pytest.raises(InputError, match="is 'x', expected a number") as error:
            rlcalc.load_rollouts(path)
        assert error.value.faults[0].where == f"{path}, record 3"

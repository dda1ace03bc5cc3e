"""Rows of an answer join back to the rows that they are from: prompt, ids, file and row."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.groups import origins as origin_rows

Record = dict[str, Any]
ids = st.integers(0, 99) | st.sampled_from(["x7", "007"])


def records_of(prompts: list[int], group_size: int = 2) -> list[Record]:
    return [
        {"prompt": f"{p} + {p}", "reward": float(n % 2), "index": p, "uid": f"u{p}-{n}"}
        for p in prompts
        for n in range(group_size)
    ]


def write(path: Path, records: list[Record]) -> str:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    elif path.suffix == ".json":
        path.write_text(json.dumps(records))
    elif path.suffix == ".csv":
        pl.DataFrame(records).write_csv(path)
    else:
        pl.DataFrame(records).write_parquet(path)
    return str(path)


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet"])
@given(order=st.permutations(range(8)))
def test_every_row_finds_its_own(
    suffix: str, order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Rollouts of a group may stand anywhere: the row leads back to the record, in every format."""
    records = [records_of([3, 11, 4, 8])[n] for n in order]
    path = write(tmp_path_factory.mktemp("source") / f"rows{suffix}", records)
    result = rlcalc.group(path, group="prompt")

    assert sorted(result["row"]) == list(range(1, 9))
    for row in result.rows():
        record = records[row["row"] - 1]
        assert {name: row[name] for name in ("reward", "index", "uid")} == {
            name: record[name] for name in ("reward", "index", "uid")
        }
        assert row["prompt"] == record["prompt"] == row["group"]


def test_rows_of_several_files_name_the_file(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.jsonl", records_of([n])) for n in (1, 2)]
    result = rlcalc.group(paths)

    assert list(result["file"]) == [paths[0]] * 2 + [paths[1]] * 2
    assert list(result["row"]) == [1, 2, 1, 2]
    assert "file" not in rlcalc.group(paths[0]).columns


def test_rows_that_are_left_out_count(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.parquet", "a.csv"):
        path = write(tmp_path / name, records_of([1, 2]))

        assert list(rlcalc.group(path, where="index = 2")["row"]) == [3, 4]


def test_a_row_that_is_a_group_has_one_number(tmp_path: Path) -> None:
    rows = [{"group": g, "reward": [0.0, 1.0], "qid": f"q{g}"} for g in (7, 9)]
    result = rlcalc.group(write(tmp_path / "lists.jsonl", rows))

    assert list(result["row"]) == [1, 1, 2, 2]
    assert list(result["qid"]) == ["q7", "q7", "q9", "q9"]


def test_groups_have_the_ids_that_all_of_their_rollouts_share(tmp_path: Path) -> None:
    result = rlcalc.group(write(tmp_path / "a.jsonl", records_of([5, 6])), rows="groups")

    assert list(result["group"]) == ["u5-0", "u5-1", "u6-0", "u6-1"]
    by_prompt = rlcalc.group(write(tmp_path / "b.jsonl", records_of([5, 6])), group="prompt")
    groups = rlcalc.group(str(tmp_path / "b.jsonl"), group="prompt", rows="groups")

    assert "uid" in by_prompt.columns
    assert "uid" not in groups.columns
    assert list(groups["index"]) == [5, 6]
    assert list(groups["row"]) == [1, 3]


@given(values=st.lists(ids, min_size=2, max_size=6))
def test_ids_stay_what_they_are(
    values: list[int | str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whole numbers are numbers, to be joined with; 007 is a text, and so is all beside it."""
    rows = [{"group": 0, "reward": 0.0, "task_id": value} for value in values]
    path = write(tmp_path_factory.mktemp("source") / "a.jsonl", rows)
    kept = list(rlcalc.group(path, group="group")["task_id"])

    texts = any(isinstance(value, str) for value in values)
    assert kept == (list(map(str, values)) if texts else values)


def test_a_long_prompt_is_shown_by_its_beginning(tmp_path: Path) -> None:
    long = "What\n is " + "9" * 80
    rows = [{"prompt": long, "response": "x", "reward": 1.0}] * 2
    path = write(tmp_path / "a.jsonl", rows)
    begins, whole = rlcalc.group(path)["prompt"][0], rlcalc.group(path, texts=True)["prompt"][0]

    assert begins == "What is " + "9" * (origin_rows.SHOWN - 9) + "…"
    assert whole == long


def test_a_chat_is_shown_by_its_last_message(tmp_path: Path) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": 'Say "hi"\nx'}]
    rows = [{"prompt": chat, "response": "x", "reward": 1.0}] * 2

    assert rlcalc.group(write(tmp_path / "a.jsonl", rows))["prompt"][0] == 'Say \\"hi\\" x'


def test_prompts_and_ids_cost_nothing_where_they_are_not_shown(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", records_of([1, 2]))
    rollouts = rlcalc.load_rollouts(path)

    assert rollouts.origins is rollouts.question is None
    kept = rlcalc.load_rollouts(path, origins=True)
    assert kept.origins is not None
    assert np.array_equal(kept.origins.row, [1, 2, 3, 4])

"""Snapshots: rows that are logged again count once, whatever the order and the number of tables."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc

COLUMNS = ["step", "prompt", "completion", "acc", "advantage"]


def table(folder: Path, number: int, rows: list[Any], key: str = "completions") -> None:
    document = {"columns": COLUMNS, "data": rows}
    path = folder / f"{key}_{number}_{number:04x}.table.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def rows(n: int, step: int = 1, first: int = 0) -> list[list[Any]]:
    return [[step, f"q{i // 2}", f"x{i}", i % 2, 0.5] for i in range(first, first + n)]


def test_a_table_that_is_logged_again_counts_once(tmp_path: Path) -> None:
    table(tmp_path, 7, rows(4, 1))
    table(tmp_path, 8, rows(4, 2))
    table(tmp_path, 10, rows(4, 2))
    result = rlcalc.group(tmp_path, rows="summary")

    assert (result.facts["rollouts"], result.facts["groups"]) == (8, 4)
    assert any("is left out" in note for note in result.notes)


def test_a_table_that_comes_again_after_others_counts_once(tmp_path: Path) -> None:
    """Its name has the hash of its bytes."""
    for number, step in ((1, 1), (2, 2), (3, 1)):
        table(tmp_path, number, rows(4, step))
        old = tmp_path / f"completions_{number}_{number:04x}.table.json"
        old.rename(tmp_path / f"completions_{number}_{step:020x}.table.json")
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert (len(rollouts), list(rollouts.step)) == (8, [1, 2])


def test_nan_does_not_make_a_table_another_one(tmp_path: Path) -> None:
    for number in (1, 2):
        table(tmp_path, number, [[1, "q", "x", math.nan, 0.5], [1, "q", "y", 1.0, -0.5]])

    assert len(rlcalc.load_rollouts(tmp_path)) == 2


def test_tables_of_other_names_are_others(tmp_path: Path) -> None:
    table(tmp_path, 1, rows(4), "train/completions")
    table(tmp_path, 2, rows(4), "eval/completions")
    table(tmp_path, 2, rows(4), "train/samples")

    assert len(rlcalc.load_rollouts(tmp_path)) == 12


def test_answers_that_differ_in_their_text_alone_are_others(tmp_path: Path) -> None:
    """Texts are not kept, but compared."""
    table(tmp_path, 1, rows(4))
    table(tmp_path, 2, [[step, prompt, text + "!", *more] for step, prompt, text, *more in rows(4)])

    assert len(rlcalc.load_rollouts(tmp_path)) == 8


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(sizes=st.lists(st.integers(0, 4), min_size=1, max_size=5), growing=st.booleans())
def test_growing_tables_and_their_parts_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], growing: bool
) -> None:
    folder = tmp_path_factory.mktemp("wandb")
    before = 0
    for number, size in enumerate([*sizes, 1]):
        table(folder, number, rows(before + size) if growing else rows(size, first=before))
        before += size
    rollouts = rlcalc.load_rollouts(folder)

    assert len(rollouts) == sum(sizes) + 1
    assert rollouts.reward.sum() == (sum(sizes) + 1) // 2


def test_a_copy_of_a_trainers_file_counts_once(tmp_path: Path) -> None:
    lines = [json.dumps({"input": "q", "output": f"x{i}", "score": i % 2}) for i in range(4)]
    for name in ("rollouts.jsonl", "rollouts-copy.jsonl"):
        (tmp_path / name).write_text("\n".join(lines))
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert len(rollouts) == 4
    assert any("same bytes" in note and "left out" in note for note in rollouts.notes)


def test_equal_files_of_two_steps_are_both_read(tmp_path: Path) -> None:
    line = json.dumps({"input": "q", "output": "x", "score": 1})
    for name in ("1.jsonl", "2.jsonl"):
        (tmp_path / name).write_text(line)

    assert len(rlcalc.load_rollouts(tmp_path)) == 2

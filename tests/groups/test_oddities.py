"""Groups and steps that are probably not as they were meant: counted, and said once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.groups.groups import Groups
from rlcalc.groups.oddities import failed_with_gradient, oddities
from rlcalc.rollouts import Rollouts

Row = tuple[int, str, float]
rewards = st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=1, max_size=4)


def rollouts_of(rows: list[Row]) -> Rollouts:
    step, prompt, reward = (list(column) for column in zip(*rows, strict=True))
    return Rollouts.from_arrays(prompt, reward, step=step)


def block(step: int, prompts: str = "abc", size: int = 4) -> list[Row]:
    return [(step, f"{prompt}{step}", float(i % 2)) for prompt in prompts for i in range(size)]


@given(st.lists(rewards, min_size=1, max_size=6))
def test_groups_without_a_success_that_differ_are_counted(groups: list[list[float]]) -> None:
    name = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    found = Groups(Rollouts.from_arrays(name, np.concatenate(groups)))
    wanted = [max(group) < 1 and len(set(group)) > 1 for group in groups]
    counts, notes = oddities(found)

    assert failed_with_gradient(found).tolist() == wanted
    assert counts.get("failed_with_gradient", 0) == sum(wanted)
    assert len(notes) == (any(wanted) or not found.tells_right)


def test_a_group_that_shaping_alone_tells_apart_is_named() -> None:
    rollouts = Rollouts.from_arrays(["a", "a", "b", "b"], [0.02, 0, 1, 0])
    result = rlcalc.group(rollouts)

    assert result.facts["oddities"] == {"failed_with_gradient": 1}
    assert (
        "1 group fails whole and yet gets gradient (a): no reward reaches --success 1"
        in (result.notes[-1])
    )


def test_rewards_of_another_scale_are_told_how_to_set_success() -> None:
    rollouts = Rollouts.from_arrays(["a", "a", "b", "b"], [-2.0, 0.5, 0.25, 0])

    assert "set --success" in rlcalc.group(rollouts).notes[-1]
    assert not rlcalc.group(rollouts, success=0.25).notes


def test_a_repetition_is_said_once() -> None:
    notes = rlcalc.group(rollouts_of(block(1) + block(2) + block(2) + block(3))).notes

    assert [note[:7] for note in notes] == ["step 2 "]


def test_groups_by_order_are_kept_apart_and_said(tmp_path: Path) -> None:
    """L48: ms-swift writes a line a step."""
    path = tmp_path / "completions.jsonl"
    lines: list[dict[str, Any]] = [
        {
            "step": [str(step)] * 2,
            "prompt": ["p"] * 2,
            "completion": ["x", "y"],
            "acc": rewards,
            "advantages": [0.0, 0.0],
        }
        for step, rewards in ((1, [1.0, 0.0]), (2, [1.0, 1.0]), (2, [0.0, 0.0]), (3, [1.0, 0.0]))
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = rlcalc.group(str(path), rows="groups")

    assert result.facts["oddities"] == {"repeated_steps": 1}
    assert result["mean"].tolist() == [0.5, 1, 0, 0.5]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_check_finds_them_too(tmp_path: Path, suffix: str) -> None:
    rows = [(1, "a", 0.5), (1, "a", 0.0), *block(2), *block(3), *block(2)]
    path = tmp_path / f"a.{suffix}"
    keys = ("step", "group", "reward")
    if suffix == "csv":
        path.write_text("\n".join([",".join(keys), *(f"{s},{g},{r}" for s, g, r in rows)]))
    else:
        path.write_text(
            "".join(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows)
        )
    result = rlcalc.check(str(path))

    assert result.facts["oddities"] == {"failed_with_gradient": 1, "repeated_steps": 1}
    assert any("step 2 stands twice" in note for note in result.notes)
    assert any("fails whole" in note for note in result.notes)
    assert not len(result)


def test_files_that_share_groups_are_counted(tmp_path: Path) -> None:
    for name in "xy":
        (tmp_path / f"{name}.csv").write_text("group,reward\na,1\na,0\n")
    result = rlcalc.group([str(tmp_path / "x.csv"), str(tmp_path / "y.csv")])

    assert result.facts["oddities"] == {"groups_in_several_files": 1}

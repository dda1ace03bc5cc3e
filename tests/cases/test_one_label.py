"""A whole number is one label however it is written, in whatever layout, batch or file."""

from pathlib import Path

import pytest

from tests.cases.program import as_json


def test_a_state_is_the_same_in_two_files() -> None:
    """R40: the states are 0, 1 in one file and 0, 2.5 in the other."""
    answer = as_json("estimate", "R40a.jsonl", "R40b.jsonl", "--of", "q")
    rows = {(row["state"], row["action"]): (row["n"], row["q"]) for row in answer.rows}

    assert rows == {(0, 1): (2, 11), (1, 1): (1, 1), (2.5, 1.5): (1, 10)}


def test_a_state_is_the_same_in_two_batches(tmp_path: Path) -> None:
    """R41: 400,002 rows, the states 0 and 1 in turn, and one 0.5 in the last."""
    last = 400_000
    rows = [(i // 2, i % 2, int(i >= 320_744)) for i in range(last)]
    rows += [(last, 0, 1)]
    path = tmp_path / "steps.jsonl"
    path.write_text(
        "".join(f'{{"episode":{e},"state":{s},"action":"x","reward":{r}}}\n' for e, s, r in rows)
        + f'{{"episode":{last},"state":0.5,"action":"x","reward":1}}\n'
    )

    answer = as_json("estimate", path, "--of", "v")

    assert answer.by("state", "v_n") == {"0": 200_001, "1": 200_000, "0.5": 1}
    assert answer.by("state", "v") == pytest.approx(
        {"0": 79_258 / 200_001, "1": 39_628 / 200_000, "0.5": 1}, abs=1e-9
    )


def test_a_column_with_one_fraction_keeps_its_whole_numbers() -> None:
    """R30, R30c: [0, 1, 2.5], a step a row and as lists."""
    steps = as_json("estimate", "R30.jsonl", "--of", "q")
    lists = as_json("estimate", "R30c.jsonl", "--of", "q")

    assert lists.by("state", "q") == pytest.approx({"0": 3, "1": 2, "2.5": 1}, abs=1e-9)
    assert steps.by("state", "q") == lists.by("state", "q")


@pytest.mark.parametrize(
    "name",
    [
        "R10.jsonl",
        "R10s.jsonl",
    ],
)
def test_a_whole_number_equals_its_text_and_not_true(name: str) -> None:
    """R10, R10s: 1, "1", 1.0 and true."""
    states = as_json("gain", name).column("state")

    assert [str(state) for state in states[:3]] == ["1", "1", "1"]
    assert str(states[3]) not in ("1", "1.0")


def test_actions_follow_the_same_rule() -> None:
    """R10: 0, 0.0, false, "0" and "x"."""
    actions = [str(action) for action in as_json("gain", "R10.jsonl").column("action")]

    assert actions[0] == actions[1] == actions[3] == "0"
    assert actions[2] not in ("0", "0.0")

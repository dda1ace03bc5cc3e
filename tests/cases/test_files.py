"""Small files as other programs write them: a value is never lost, a fix that is printed works."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cases.program import INPUTS, as_json, run

TWICE = "twice|duplicate|again|repeat|several|more than once"


@pytest.mark.parametrize(
    ("command", "name", "key"),
    [
        ("gain", "R09.jsonl", "rewards"),
        ("gain", "R33.jsonl", "states"),
        ("gain", "R33s.jsonl", "reward"),
        ("group", "R33g.jsonl", "reward"),
    ],
)
def test_a_key_twice_in_a_line_is_refused_with_its_place(command: str, name: str, key: str) -> None:
    answer = run(command, name)

    assert answer.code == 3
    assert answer.notes(TWICE)
    assert answer.notes(key)
    assert answer.notes(rf"{re.escape(name)}, line 1\b")


@pytest.mark.parametrize(
    "command",
    [
        name
        for name, now in {
            "gain": "a bug of ours, exit 70",
            "check": "a bug of ours, exit 70",
            "estimate": "a bug of ours, exit 70",
            "group": "'no column for the reward'",
        }.items()
    ]
    + ["solve"],
)
def test_carriage_returns_alone_are_said_to_end_the_lines(command: str) -> None:
    """R02m: old Excel for Mac."""
    answer = run(command, "R02m.csv")

    assert answer.code == 3
    assert answer.says(r"carriage return|\bCR\b")


def test_a_header_with_spaces_is_read_by_the_fix_that_is_printed() -> None:
    """R15h: ", state"; either it is read at once, or the fix works as it is printed."""
    answer = as_json("gain", "R15h.csv")
    if answer.code != 0:
        fix = re.search(r"--columns [^;\n]*", answer.stderr)
        assert fix, answer.stderr
        answer = as_json("gain", "R15h.csv", *shlex.split(fix.group()))

    assert answer.column("gain") == pytest.approx([3, 2], abs=1e-9)


@pytest.mark.parametrize("name", ["R05s.csv", "R05t.csv"])
def test_a_table_separated_by_semicolons_is_read(name: str) -> None:
    """R05s: decimal commas; R05t: decimal points."""
    assert as_json("gain", name).column("gain") == pytest.approx([4, 2.5], abs=1e-9)


def test_a_comment_before_the_header_is_passed_over() -> None:
    """R16."""
    assert as_json("gain", "R16.csv").column("gain") == pytest.approx([1], abs=1e-9)


def test_a_json_array_of_rows_is_a_table() -> None:
    """R34c."""
    answer = as_json("estimate", "R34c.json", "--of", "q")

    assert answer.by("state", "q") == pytest.approx({"a": 3, "b": 2}, abs=1e-9)


def test_a_partitioned_folder_keeps_the_column_of_its_path(tmp_path: Path) -> None:
    for episode, reward in ((0, 1), (1, 10)):
        part = tmp_path / f"episode={episode}"
        part.mkdir()
        (part / "part-0.csv").write_text(
            f"t,state,action,reward\n0,a,x,{reward}\n1,b,x,{2 * reward}\n"
        )

    answer = as_json("gain", tmp_path)

    assert [str(name) for name in answer.column("trajectory")] == ["0", "0", "1", "1"]
    assert answer.column("gain") == pytest.approx([3, 2, 30, 20], abs=1e-9)


def test_every_input_is_tried() -> None:
    tried = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))

    assert [path.name for path in INPUTS.iterdir() if path.name not in tried] == []

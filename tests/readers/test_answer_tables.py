"""Tables of answers: every format that a command writes, and what other programs write."""

import json
from pathlib import Path

import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.answer_tables import holds_answer, in_memory, is_answer, read_answer
from rlcalc.result import Result
from tests.conftest import Shell


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "parquet", "arrow"])
def test_what_a_command_writes_is_read_again(suffix: str, tmp_path: Path, rlcalc: Shell) -> None:
    if suffix == "arrow":
        import rlcalc as library

        library.solve("student").to_polars().write_ipc(tmp_path / "s.arrow")
    else:
        assert rlcalc("solve", "student", "-o", f"s.{suffix}").returncode == 0
    done = rlcalc("compare", f"s.{suffix}", "student", "--within", "0", "--json")
    facts = json.loads(done.stdout)["facts"]

    assert done.returncode == 0, done.stderr
    assert facts["compared"] == 8 * 3 + 4
    assert facts["only_first"] == facts["only_second"] == facts["largest_difference"] == 0


@pytest.mark.parametrize(
    ("names", "answers"),
    [
        (["state", "v"], True),
        (["S", "Value"], True),
        (["s", "a", "q"], True),
        (["trajectory", "t", "state", "action", "reward", "gain"], True),
        (["state", "action", "reward"], False),
        (["trajectory", "state", "action", "reward", "value", "advantage"], False),
        (["state", "action", "next_state", "probability", "reward"], False),
        (["prompt", "response", "reward"], False),
    ],
)
def test_columns_tell_answers_from_experience(names: list[str], answers: bool) -> None:
    assert is_answer(names) is answers


def test_other_names_and_labels(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("S;A;Q;comment\n1.0;left;2.5;good\n2;right;;\n")
    answer = read_answer(str(tmp_path / "h.csv"))

    assert isinstance(answer, Result)
    assert list(answer) == ["state", "action", "q"]
    assert answer["state"].tolist() == ["1", "2"]
    assert answer["q"].tolist() == [2.5, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [("state,v\na,x\n", "v is 'x', expected a number"), ("", "the source is empty"),
     ("state,v\n", "is in both"), ("state,v\nzzz,1\n", "is in both"), ("[1, 2]", "")],
)  # fmt: skip
def test_bad_tables(text: str, message: str, tmp_path: Path, rlcalc: Shell) -> None:
    (tmp_path / "bad.csv").write_text(text)
    done = rlcalc("compare", "bad.csv", "student")

    assert done.returncode == 3
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_bytes_that_are_no_text_are_an_error_with_a_line(tmp_path: Path, rlcalc: Shell) -> None:
    (tmp_path / "bad.jsonl").write_bytes(b'{"state": "a", "v": 1}\n{"state": "\xff", "v": 1}\n')
    done = rlcalc("compare", "bad.jsonl", "student")

    assert done.returncode == 3
    assert "UTF-8" in done.stderr
    assert "line 2" in done.stderr


def test_a_table_without_rows_is_an_answer_too() -> None:
    with pytest.raises(InputError, match="is in both"):
        rlcalc.compare(pl.DataFrame({"state": [], "v": []}), "student")


def test_a_table_in_memory() -> None:
    frame = pl.DataFrame({"state": ["class1"], "v": [6.0]})
    answer = in_memory(frame)

    assert answer is not None
    assert answer["v"].tolist() == [6.0]
    assert in_memory(frame.rename({"v": "reward"})) is None
    assert not holds_answer(["student"])
    for table in (frame, frame.to_dict(), frame.to_dicts(), rlcalc.solve("student")):
        assert rlcalc.compare(table, "student").facts["largest_difference"] == 0

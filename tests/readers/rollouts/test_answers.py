"""The final answer of a rollout, which maj@k counts: equal in every format."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError

ROWS: list[dict[str, Any]] = [
    {"group": "p", "response": "so 42", "final": 42, "reward": 1},
    {"group": "p", "response": "it is 42", "final": "42", "reward": 1},
    {"group": "p", "response": "7", "final": 7.5, "reward": 0},
    {"group": "q", "response": "7", "final": None, "reward": 0},
    {"group": "q", "response": "7", "final": None, "reward": 0},
    {"group": "q", "response": "8", "final": 42.0, "reward": 1},
]
"""Of p two say 42, of q two say nothing: the majority of 3 is right, and wrong."""


def lines(path: Path) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return str(path)


def table(path: Path) -> str:
    texts = [None if row["final"] is None else str(row["final"]) for row in ROWS]
    frame = pl.DataFrame({**{k: [row[k] for row in ROWS] for k in ROWS[0]}, "final": texts})
    frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_csv(path)
    return str(path)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_the_majority_is_over_the_column_that_is_named(tmp_path: Path, suffix: str) -> None:
    write = lines if suffix == "jsonl" else table
    path = write(tmp_path / f"a.{suffix}")
    facts = rlcalc.group(path, answer="final", rows="summary").facts
    answer = rlcalc.load_rollouts(path, answer="final").answer

    assert facts["majority_at_1"] == facts["pass_at_1"]
    assert facts["majority_at_3"] == 0.5
    assert answer is not None
    assert [answer.tolist().index(number) for number in answer.tolist()] == [0, 0, 2, 3, 3, 0]


def test_responses_are_the_answers_where_texts_are_read(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl")
    read = rlcalc.group(path, texts=True, rows="summary").facts

    assert read["majority_at_3"] == pytest.approx((2 / 3 + 0) / 2)  # p: three answers, alike


def test_answers_are_never_guessed(tmp_path: Path) -> None:
    facts = rlcalc.group(lines(tmp_path / "a.jsonl"), rows="summary").facts

    assert facts["majority_at_3"] is None
    assert "majority_at_3_se" not in facts


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no column finale"):
        rlcalc.group(lines(tmp_path / "a.jsonl"), answer="finale")


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=2, max_size=8))
def test_equal_answers_have_equal_numbers(answers: list[str | None]) -> None:
    frame = pl.DataFrame({"group": 0, "reward": 1.0, "final": pl.Series(answers, dtype=pl.String)})
    read = rlcalc.load_rollouts(frame, answer="final").answer

    assert read is not None
    for one, number in zip(answers, read.tolist(), strict=True):
        for two, other in zip(answers, read.tolist(), strict=True):
            assert (one == two) == (number == other)

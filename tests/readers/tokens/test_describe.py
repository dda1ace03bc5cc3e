"""`rlcalc check` of tokens: what they are, and every fault."""

import json
from pathlib import Path

import polars as pl
import pytest

import rlcalc
from tests.readers.tokens.test_load import NEMO, PRIME, records


def test_a_file_of_tokens_is_described(tmp_path: Path) -> None:
    pl.DataFrame(records()).write_parquet(tmp_path / "a.parquet")
    result = rlcalc.check(str(tmp_path / "a.parquet"))

    assert result.title == "Tokens"
    assert (result.facts["rollouts"], result.facts["tokens"]) == (3, 5)
    assert result.facts["masked_tokens"] == 1
    assert result.facts["columns"] == "log_prob, old_log_prob, advantage"


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("log_probs", [[-1.0, 0.3], [-0.5, -0.25, -3.0], [-1.5]], "log_prob is 0.3, above 0"),
        ("advantages", [[0.5], [-1.0, 2.0, 1.0], [-0.5]], "2 log_prob and 1 advantage"),
        ("advantages", [[0.5, None], [-1.0, 2.0, 1.0], [-0.5]], "the advantage is nan"),
        ("response_mask", [[0, 0], [0, 0, 0], [0]], "leaves out every token"),
    ],
)
def test_faults_are_listed(
    column: str, values: list[list[float]], message: str, tmp_path: Path
) -> None:
    frame = pl.DataFrame(records()).with_columns(pl.Series(column, values))
    frame.write_parquet(tmp_path / "a.parquet")
    result = rlcalc.check(str(tmp_path / "a.parquet"))

    assert result.facts["faults"] == 1
    assert message in result["what"][0]
    assert result["fix"][0]


def test_a_dump_of_rollouts_and_tokens_is_described_as_both(tmp_path: Path) -> None:
    path = tmp_path / "train_data_step1.jsonl"
    path.write_text(json.dumps(NEMO) + "\n")
    result = rlcalc.check(str(path))

    assert (result.facts["format"], result.facts["tokens"]) == ("nemo-rl", 1)
    assert result.facts["faults"] == 0


def test_an_export_of_tokens_alone_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "rank_0.jsonl"
    path.write_text(json.dumps(PRIME) + "\n")

    assert rlcalc.check(str(path)).title == "Tokens"

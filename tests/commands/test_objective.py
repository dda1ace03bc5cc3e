import json
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import Shell
from tests.readers.tokens.test_load import EXPECTED, records


@pytest.fixture
def file(tmp_path: Path) -> Path:
    pl.DataFrame(records()).write_parquet(tmp_path / "batch.parquet")
    return tmp_path / "batch.parquet"


def test_the_rows_of_json_are_tokens_and_those_of_a_table_regions(
    rlcalc: Shell, file: Path
) -> None:
    answer = json.loads(rlcalc("objective", file, "--json").stdout)
    table = rlcalc("objective", file).stdout

    assert [row["region"] for row in answer["rows"]] == EXPECTED["region"].tolist()
    assert answer["facts"]["loss"] == EXPECTED.facts["loss"]
    assert "outside but active" in table
    assert "effective sample size" in table


def test_all_options_reach_the_library(rlcalc: Shell, file: Path) -> None:
    options = [
        "--loss", "ppo", "--clip", "0.2:0.28", "--dual-clip", "3", "--aggregate", "constant:100",
        "--estimator", "grpo", "--success", "0.5", "--jobs", "1", "--columns",
        "log_prob=log_probs", "--reward", "reward", "--group", "prompt_id",
    ]  # fmt: skip
    done = rlcalc("objective", file, *options, "--json", "--rows", "rollouts")
    facts = json.loads(done.stdout)["facts"]

    assert done.returncode == 0, done.stderr
    assert facts["objective"] == "ppo clip 0.2:0.28 dual clip 3"
    assert facts["aggregate"] == "constant:100"


def test_lines_come_through_a_pipe(rlcalc: Shell) -> None:
    lines = "".join(json.dumps(one) + "\n" for one in records())
    for options in ([], ["--estimator", "dr-grpo"], ["--compare", "verl,trl,rlcalc"]):
        done = rlcalc("objective", "-", "--json", *options, stdin=lines)

        assert done.returncode == 0, done.stderr


def test_a_comparison_has_a_row_a_trainer(rlcalc: Shell, file: Path) -> None:
    done = rlcalc("objective", file, "--compare", "verl, trl,openrlhf", "--csv")

    assert [line.split(",")[0] for line in done.stdout.splitlines()[1:]] == [
        "verl", "trl", "openrlhf",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--compare", "verl", "--as", "trl"], 2),
        (["--loss", "ppoo"], 2),
        (["--clip", "x"], 2),
        (["--kl", "k3"], 3),
        (["--advantage", "gae"], 3),
    ],
)
def test_errors_have_their_code_and_no_traceback(
    rlcalc: Shell, file: Path, options: list[str], code: int
) -> None:
    done = rlcalc("objective", file, *options)

    assert done.returncode == code
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr

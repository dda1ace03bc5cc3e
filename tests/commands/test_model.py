"""rlcalc model as a process."""

import json
from pathlib import Path

import pytest

from tests.conftest import Shell

LOG = "grid-walks"


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_the_file_is_a_model_for_solve_and_simulate(
    rlcalc: Shell, tmp_path: Path, suffix: str
) -> None:
    path = str(tmp_path / f"model.{suffix}")
    rlcalc("model", LOG, "-o", path)
    ce = json.loads(rlcalc("estimate", LOG, "--method", "ce", "--json").stdout)
    gamma = str(ce["facts"]["gamma"])
    solved = json.loads(rlcalc("solve", path, "--policy", "spec", "-g", gamma, "--json").stdout)
    played = rlcalc("simulate", path, "-n", "20", "--seed", "1", "-g", gamma, "--rows", "summary")

    assert abs(solved["facts"]["start_value"] - ce["facts"]["start_value"]) < 1e-12
    q = {(str(row["state"]), row["action"]): row["q"] for row in ce["rows"]}
    assert len(solved["rows"]) == len(q)
    for row in solved["rows"]:
        assert abs(row["q"] - q[str(row["state"]), row["action"]]) < 1e-12
    assert played.returncode == 0


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_it_is_read_from_a_pipe(rlcalc: Shell, form: str) -> None:
    table = rlcalc("model", LOG, "-f", form).stdout
    solved = rlcalc("solve", "-", "--policy", "spec", "--fact", "start_value", stdin=table)

    assert solved.returncode == 0, solved.stderr
    ce = rlcalc("estimate", LOG, "--method", "ce", "--fact", "start_value", "-g", "1").stdout
    assert float(solved.stdout) == pytest.approx(float(ce), abs=1e-9)

"""rlcalc check as a process: exit 3 as soon as there is a fault."""

import json
from pathlib import Path

import pytest

from tests.conftest import Shell


@pytest.mark.parametrize("source", ["two-states", "two-rooms", "rollouts", "rifle"])
def test_a_sound_source_has_no_faults(source: str, rlcalc: Shell) -> None:
    done = rlcalc("check", source, "--json")
    answer = json.loads(done.stdout)

    assert done.returncode == 0
    assert answer["facts"]["faults"] == len(answer["rows"]) == 0


def test_every_fault_is_a_row(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("episode,state,action,reward\n1,a,go,x\n1,,go,1\n")
    done = rlcalc("check", "bad.csv", "--json")
    answer = json.loads(done.stdout)

    assert done.returncode == 3
    assert ["row 1" in row["where"] or "row 2" in row["where"] for row in answer["rows"]] == [
        True,
        True,
    ]

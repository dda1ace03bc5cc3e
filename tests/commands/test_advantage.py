"""rlcalc advantage as a process."""

import json
from pathlib import Path

from tests.conftest import Shell

TABLE = "episode,t,reward,value,terminated\n0,0,1,1,0\n0,1,2,2,1\n"
"""γ = 0.5: δ = 1 and 0."""


def test_a_table_from_a_pipe(rlcalc: Shell, tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text(TABLE)
    done = rlcalc("advantage", str(path), "-g", "0.5", "-l", "0.95", "--method", "gae", "--json")
    answer = json.loads(done.stdout)

    assert [row["advantage"] for row in answer["rows"]] == [1, 0]
    assert list(answer["rows"][0]) == [
        "trajectory", "t", "state", "action", "reward", "value", "next_value", "td_error",
        "advantage", "target",
    ]  # fmt: skip
    assert answer["facts"]["lambda"] == 0.95


def test_a_column_that_is_not_there_is_an_error_with_the_nearest(
    rlcalc: Shell, tmp_path: Path
) -> None:
    path = tmp_path / "b.csv"
    path.write_text(TABLE.replace("value", "valeu"))
    done = rlcalc("advantage", str(path))

    assert done.returncode == 3
    assert "--columns value=valeu" in done.stderr

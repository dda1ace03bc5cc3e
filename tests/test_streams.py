"""Closed streams: daemons and cron close them, and the answer is the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Shell

RLCALC = f"{sys.executable} -m rlcalc"


def bash(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command.replace("rlcalc", RLCALC)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("command", ["gain three-steps", "simulate rifle -n 20 --seed 1"])
def test_a_file_is_written_whatever_stream_is_closed(
    command: str, closed: str, rlcalc: Shell, tmp_path: Path
) -> None:
    """The file must not get the number of the closed stream, whose writers would spoil it."""
    done = bash(f"rlcalc {command} -o a.jsonl {closed}", tmp_path)
    rlcalc(*command.split(), "-o", "b.jsonl")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("rlcalc gain three-steps >&-", 0),
        ("rlcalc --help >&-", 0),
        ("rlcalc --version >&-", 0),
        ("rlcalc manual gain >&-", 0),
        ("rlcalc gain none.csv 2>&-", 3),
        ("rlcalc gain --none 2>&-", 2),
        ("rlcalc gain none.csv 2> /dev/full", 3),
        ("rlcalc gain --none >&- 2>&- <&-", 2),
    ],
)
def test_the_exit_code_is_the_same(command: str, code: int, tmp_path: Path) -> None:
    done = bash(command, tmp_path)

    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


def test_reading_a_closed_standard_input_is_an_error(tmp_path: Path) -> None:
    named = bash("rlcalc gain - <&-", tmp_path)
    default = bash("rlcalc gain <&-", tmp_path)

    assert (named.returncode, default.returncode) == (3, 2)
    assert named.stderr.startswith("error: standard input is closed\n  fix:   name a file")
    assert default.stderr.startswith("error: no source\n")

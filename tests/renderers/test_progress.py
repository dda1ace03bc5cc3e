"""The line of progress: on a terminal alone, gone before an answer, and without --quiet."""

import os
import pty
import subprocess
import sys
import time

import pytest

from rlcalc.progress import NOW, Progress, counted
from rlcalc.renderers.progress import CLEAR, line_of
from tests.conftest import Shell


def on_a_terminal(*words: str) -> tuple[str, str]:
    """Standard output and error of a slow pipe into rlcalc, whose standard error is a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rlcalc", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"episode,state,action,reward\n" + b"1,a,x,1\n" * 20_000)
    process.stdin.flush()
    time.sleep(2.5)
    process.stdin.close()
    answer = process.stdout.read().decode()
    process.stdout.close()
    process.wait()
    shown = b""
    try:
        while part := os.read(master, 1 << 16):
            shown += part
    except OSError:  # the other side is closed
        pass
    os.close(master)
    return answer, shown.decode()


def test_reading_is_shown_on_a_terminal_and_gone_at_the_end() -> None:
    answer, shown = on_a_terminal("gain", "--rows", "episodes", "--csv")

    assert answer.startswith("trajectory,")
    assert "reading standard input: " in shown
    assert shown.split("note:")[0].endswith(CLEAR)


def test_quiet_shows_no_progress() -> None:
    assert on_a_terminal("gain", "--rows", "episodes", "--csv", "--quiet")[1] == ""


def test_a_pipe_sees_no_progress(rlcalc: Shell) -> None:
    rows = "episode,state,action,reward\n" + "1,a,x,1\n" * 20_000

    assert rlcalc("gain", "--rows", "episodes", stdin=rows).stderr == ""


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress("reading a", 0, 1e9, "B"), "reading a: 2 s"),
        (Progress("reading a", 5e8, 0, "B"), "reading a: 500 MB, 250 MB/s, 2 s"),
        (
            Progress("simulating", 10, 1000, "episodes"),
            "simulating: 10 of 1,000 episodes, 1 %, 3 min 18 s left",
        ),
        (Progress("computing 3 groups"), "computing 3 groups: 2 s"),
        (Progress("read \x1b[31m", 1, 0, "rows"), "read \\x1b[31m: 1 rows, 2 s"),
    ],
)
def test_lines(progress: Progress, line: str) -> None:
    assert line_of(progress, 2.0) == line


def test_items_pass_in_their_order_and_are_counted() -> None:
    assert list(counted([[1, 2], [3]], "simulating", "episodes", len, 3)) == [[1, 2], [3]]
    assert (NOW.stage, NOW.done, NOW.total) == ("simulating", 3, 3)

"""A signal ends the process within a second, whatever native call it is in, and leaves nothing."""

import gzip
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ENDINGS = ["INT", "TERM", "HUP", "QUIT", "XCPU", "USR1", "ABRT"]

IN_ONE_CALL = """
import hashlib, sys
from rlcalc import __main__
from rlcalc.renderers import output

def write(result, form, stream, *, head=None):
    stream.write(b"half")
    stream.flush()
    print("writing", flush=True)
    {prepare}
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

output.write = write
sys.argv = ["rlcalc", "gain", "three-steps", "-o", "answer.csv"]
__main__.main()
"""


def ended(process: "subprocess.Popen[bytes]", number: int) -> tuple[float, bytes]:
    """Send a signal, and return the seconds until the process ended and what it wrote."""
    begin = time.monotonic()
    process.send_signal(number)
    try:
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    return time.monotonic() - begin, errors


def in_one_call(folder: Path, prepare: str = "pass") -> "subprocess.Popen[bytes]":
    """Start a command that is in a native call, which knows nothing of signals, for an hour."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_ONE_CALL.format(prepare=prepare)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"writing\n"
    time.sleep(0.1)
    return process


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=3), old=st.booleans())
def test_signals_end_a_native_call(names: list[str], old: bool, tmp_path: Path) -> None:
    """The first of several decides the code; the old file stays."""
    (tmp_path / "answer.csv").unlink(missing_ok=True)
    if old:
        (tmp_path / "answer.csv").write_text("old")
    numbers = [signal.Signals[f"SIG{name}"] for name in names]
    with in_one_call(tmp_path) as process:
        for number in numbers[:-1]:
            process.send_signal(number)
            time.sleep(0.02)
        took, errors = ended(process, numbers[-1])

    assert took < 2
    assert (process.returncode, errors) == (128 + numbers[0], b"")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"] * old


@pytest.mark.parametrize("name", ENDINGS)
def test_each_signal_has_its_code(name: str, tmp_path: Path) -> None:
    with in_one_call(tmp_path) as process:
        took, _ = ended(process, signal.Signals[f"SIG{name}"])

    assert took < 2
    assert process.returncode == 128 + signal.Signals[f"SIG{name}"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "prepare",
    [
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "import os, signal; os.kill(os.getpid(), signal.SIGWINCH)",
        "import os, signal; signal.signal(signal.SIGALRM, print); signal.raise_signal(14)",
        "import os, signal, time; os.fork() or os.kill(os.getpid(), 15); time.sleep(0.1)",
    ],
    ids=["ignored", "harmless", "clock", "child"],
)
def test_a_signal_that_ends_nothing_is_no_end(prepare: str, tmp_path: Path) -> None:
    """Among them one that ends a child that was forked: it has our pipe too."""
    with in_one_call(tmp_path, prepare) as process:
        if "IGN" in prepare:
            process.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        assert process.poll() is None
        ended(process, signal.SIGINT)


def parquet_sink(folder: Path) -> list[str]:
    return ["simulate", "gridworld-4x4", "-n", "5000000", "-o", "answer.parquet"]


def compiled_loop(folder: Path) -> list[str]:
    (folder / "model.csv").write_text("state,action,next_state,probability,reward\na,x,a,1,1\n")
    return ["simulate", "model.csv", "--start", "a", "-n", "3", "--max-steps", str(10**9)]


def decompression(folder: Path) -> list[str]:
    with gzip.open(folder / "steps.csv.gz", "wb", 1) as file:
        file.write(b"episode,state,action,reward\n")
        for _ in range(20):
            file.write(b"0,a,x,1\n" * 5_000_000)
    return ["estimate", "steps.csv.gz", "--max-size", "1t"]


def pattern(folder: Path) -> list[str]:
    text = "vocabulary: [a, b]\nprompts: [x]\nhorizon: 40\nreward: {regex: '(a+)+c'}\n"
    (folder / "world.yaml").write_text(f"environment: language\n{text}logits: {{'': {{a: 9}}}}\n")
    return ["simulate", "world.yaml", "-n", "300"]


JOBS = [parquet_sink, compiled_loop, decompression, pattern]


@pytest.mark.parametrize("name", ["INT", "TERM"])
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_long_work_ends(job: Callable[[Path], list[str]], name: str, tmp_path: Path) -> None:
    """In the middle of the work that takes longest."""
    arguments = job(tmp_path)
    before = sorted(tmp_path.iterdir())
    number = signal.Signals[f"SIG{name}"]
    with subprocess.Popen(
        [sys.executable, "-m", "rlcalc", *arguments],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        time.sleep(3)
        assert process.poll() is None
        took, errors = ended(process, number)

    assert took < 2
    assert process.returncode == 128 + number
    assert errors == b""
    assert sorted(tmp_path.iterdir()) == before


def test_the_library_leaves_signals_alone() -> None:
    code = (
        "import signal; before = [signal.getsignal(n) for n in signal.valid_signals()]\n"
        "import rlcalc; rlcalc.gain('three-steps')\n"
        "assert before == [signal.getsignal(n) for n in signal.valid_signals()]\n"
        "assert signal.set_wakeup_fd(-1) == -1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

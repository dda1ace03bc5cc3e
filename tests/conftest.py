"""What all tests share: hypothesis' profile, --rewrite, the real data, and a shell."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("rlcalc", deadline=None, max_examples=60)
settings.load_profile("rlcalc")

DATA = Path(__file__).parents[2] / "shared" / "data"

Shell = Callable[..., subprocess.CompletedProcess[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="renew the transcripts")


@pytest.fixture
def data() -> Path:
    """The real data beside the project; tests that need them skip where they are missing."""
    if not DATA.is_dir():
        pytest.skip(f"no real data in {DATA}")
    return DATA


@pytest.fixture
def rlcalc(tmp_path: Path) -> Shell:
    """Run the command line as a process of its own, in an empty folder."""

    def run(
        *arguments: str | Path, stdin: bytes | str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [sys.executable, "-m", "rlcalc", *map(str, arguments)],
            input=given,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONWARNINGS": "error", "COLUMNS": "80", **environment},
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return run

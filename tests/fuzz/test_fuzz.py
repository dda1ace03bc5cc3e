"""A bounded run of the fuzzer: always the same cases; longer ones are started by hand."""

import subprocess
import sys
from pathlib import Path

from tests.fuzz.corpus import ROOT

CASES = 600
"""One to two minutes on two processors, three when they are busy."""


def test_no_case_of_the_fuzzer_fails(tmp_path: Path) -> None:
    """In a process of its own: it forks, and nothing of Polars may have run before that."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--seed", "14", "--cases", str(CASES),
         "--keep", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert f"{CASES} cases" in done.stdout

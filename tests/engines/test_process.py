"""The memory of the process is kept, and linear algebra has one thread."""

import os
import subprocess
import sys

import pytest

from rlcalc.engines.process import owning_processes, owns_processes, use_one_blas_thread

FAULTS = """
import resource, sys
from rlcalc.engines.process import keep_freed_memory
import numpy as np
if sys.argv[1] == "kept":
    keep_freed_memory()
for _ in range(50):
    np.ones(1 << 18)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="for glibc")
def test_pages_are_not_made_anew() -> None:
    """50 arrays of 512 pages each: most pages of the later ones are there already."""
    given_back, kept = (
        int(subprocess.run([sys.executable, "-c", FAULTS, how], stdout=-1, check=True).stdout)
        for how in ("not", "kept")
    )

    assert kept < given_back - 10_000 or given_back < 20_000  # or the C library keeps them anyway


@pytest.mark.parametrize("chosen", [None, "3"])
def test_blas_has_one_thread_unless_the_user_chose(
    monkeypatch: pytest.MonkeyPatch, chosen: str | None
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", chosen or "")
    if chosen is None:
        monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    use_one_blas_thread()

    assert os.environ["OPENBLAS_NUM_THREADS"] == (chosen or "1")


def test_every_command_begins_so() -> None:
    code = (
        "import os, sys, rlcalc.cli as cli\n"
        "sys.argv = ['rlcalc', '--version']\n"
        "cli._exit = lambda code: print(\n"
        " os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)\n"
        "cli.main()"
    )
    settings = {name: value for name, value in os.environ.items() if name[:8] != "OPENBLAS"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=settings, check=True, text=True
    )

    assert done.stdout.splitlines()[-1] == "1 False"


LIMITED = """
import os, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
os.environ.pop("POLARS_MAX_THREADS", None)
from rlcalc.engines.process import fit_address_space
fit_address_space()
print(os.environ.get("POLARS_MAX_THREADS"))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="for RLIMIT_AS")
@pytest.mark.parametrize(("limit", "threads"), [(2_000_000_000, "1"), (9_000_000_000, "None")])
def test_a_limit_of_memory_leaves_polars_one_thread(limit: int, threads: str) -> None:
    command = [sys.executable, "-c", LIMITED, str(limit)]

    assert subprocess.check_output(command, text=True).strip() == threads


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="for RLIMIT_AS")
def test_too_little_memory_is_said_before_anything_is_begun() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000));"
        "from rlcalc.__main__ import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "specs"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 3
    assert "the limit of memory, 0.70 GB" in ended.stderr


def test_a_process_owns_others_while_it_says_so() -> None:
    with owning_processes():
        with owning_processes():
            assert owns_processes()
        assert owns_processes()
    assert not owns_processes()

"""The memory of the process is kept."""

import subprocess
import sys

import pytest

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

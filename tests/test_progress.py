"""Progress: solving and reading write where they are."""

from pathlib import Path

import rlcalc
from rlcalc.progress import NOW


def test_solving_shows_the_bound_of_the_last_sweep() -> None:
    result = rlcalc.solve("gridworld-4x4", method="value-iteration", trace=True, gamma=0.9)

    assert NOW.stage == "solving"
    assert NOW.done == len(result)
    assert NOW.detail == f"bound {result['bound'][-1]:.3g}"


def test_reading_counts_the_bytes_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("episode,state,action,reward\n" + "1,a,x,1\n" * 1000)
    rlcalc.gain(path)

    assert (NOW.done, NOW.total, NOW.unit) == (path.stat().st_size, path.stat().st_size, "B")

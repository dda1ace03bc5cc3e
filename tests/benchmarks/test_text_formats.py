"""Whole commands on CSV and JSONL beside Polars' own reading of them with the types known.

Nothing is asserted: machines are shared. The wanted ratios stand beside the printed ones.
"""

import statistics
from pathlib import Path

import polars as pl
import pytest

from tests.benchmarks.conftest import steps
from tests.benchmarks.test_solve_costs import cpu_seconds_of
from tests.benchmarks.test_whole_process import RLCALC, python

N_STEPS, RUNS = 2_000_000, 5

CSV_FLOOR = """
import polars as pl
kinds = {"trajectory": pl.Int64, "t": pl.Int64, "state": pl.Categorical, "action": pl.Categorical}
kinds |= {"reward": pl.Float64, "terminated": pl.Boolean, "truncated": pl.Boolean}
pl.read_csv("steps.csv", schema=kinds)
"""
JSONL_FLOOR = """
import polars as pl
kinds = {"trajectory": pl.Int64, "t": pl.Int64, "state": pl.String, "action": pl.String}
kinds |= {"reward": pl.Float64, "terminated": pl.Boolean, "truncated": pl.Boolean}
labels = pl.col("state", "action").cast(pl.Categorical)
pl.read_ndjson("steps.jsonl", schema=kinds).with_columns(labels)
"""


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["text", "numbers"])
@pytest.mark.parametrize(
    ("name", "floor", "wanted"),
    [("steps.csv", CSV_FLOOR, "at most 1.8"), ("steps.jsonl", JSONL_FLOOR, "at most 1.6")],
)
def test_one_step_a_line(tmp_path: Path, labels: str, name: str, floor: str, wanted: str) -> None:
    """Processor seconds: reading, categories of labels and all estimates, beside the reading."""
    frame = steps(N_STEPS, N_STEPS // 20)
    if labels == "numbers":
        names = pl.col("state", "action")
        frame = frame.with_columns(names.cast(pl.Categorical).to_physical().cast(pl.Int64))
        floor = floor.replace("pl.String", "pl.Int64").replace(".cast(pl.Categorical)", "")
    (frame.write_csv if name.endswith("csv") else frame.write_ndjson)(tmp_path / name)
    commands = [*RLCALC, "estimate", name, "-q", "--gamma", "0.9"], python(floor)
    runs = [[cpu_seconds_of(command, tmp_path) for command in commands] for _ in range(RUNS)]
    ours, theirs = (statistics.median(column) for column in zip(*runs, strict=True))
    ratio = statistics.median(one / two for one, two in runs)
    print(
        f"\n{name}, labels as {labels}: {ours:.2f} against {theirs:.2f} processor seconds, "
        f"ratio {ratio:.2f}; wanted {wanted}"
    )

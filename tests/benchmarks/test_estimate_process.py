"""Whole estimates of many states, of labels of each kind and of V alone, beside floors and a peer.

Processor seconds; nothing is asserted. RLCALC_MILLIONS sets the millions of steps.
"""

import os
import statistics
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.benchmarks.test_solve_costs import cpu_seconds_of
from tests.benchmarks.test_whole_process import RLCALC, python

STEPS = int(os.environ.get("RLCALC_MILLIONS", "2")) * 1_000_000
RUNS = 3

READING = """
import polars as pl
labels = pl.col("state", "action"){cast}
pl.scan_parquet("steps.parquet").select(
    "trajectory", "t", labels, "reward", "terminated"
).collect()
"""
GROUP_BY = """
import polars as pl
d = pl.read_parquet("steps.parquet").with_columns(pl.col("state", "action").cast(pl.Categorical))
gain = pl.col("reward").cum_sum(reverse=True).over("trajectory")
d = d.with_columns(gain=gain)
first_v = d.unique(["trajectory", "state"], keep="first", maintain_order=True)
first_q = d.unique(["trajectory", "state", "action"], keep="first", maintain_order=True)
moments = [pl.len(), pl.col("gain").mean().alias("mean"), pl.col("gain").std().alias("std")]
v = first_v.group_by("state").agg(moments)
q = first_q.group_by("state", "action").agg(moments)
q.join(v, on="state", suffix="_v").with_columns(a=pl.col("mean") - pl.col("mean_v"))
"""


def write_steps(folder: Path, states: int, *, numbers: bool = False) -> None:
    """Write episodes of 20 steps in states at random, with 4 actions."""
    random = np.random.default_rng(0)
    state = pl.Series(random.integers(0, states, STEPS))
    action = pl.Series(random.integers(0, 4, STEPS))
    if not numbers:
        state = pl.select(pl.format("s{}", state)).to_series()
        action = pl.select(pl.format("a{}", action)).to_series()
    time = np.arange(STEPS) % 20
    pl.DataFrame(
        {
            "trajectory": np.arange(STEPS) // 20,
            "t": time,
            "state": state,
            "action": action,
            "reward": random.normal(size=STEPS),
            "terminated": time == 19,
        }
    ).write_parquet(folder / "steps.parquet")


def compare(folder: Path, name: str, ours: list[str], other: list[str], wanted: str) -> None:
    """Print the processor seconds of two commands, in runs by turns, and their ratio."""
    runs = [[cpu_seconds_of(command, folder) for command in (ours, other)] for _ in range(RUNS)]
    one, two = (statistics.median(column) for column in zip(*runs, strict=True))
    ratio = statistics.median(first / second for first, second in runs)
    print(f"\n{name}: {one:.2f} against {two:.2f} s, ratio {ratio:.2f}; wanted {wanted}")


ESTIMATE = [*RLCALC, "estimate", "steps.parquet", "-q", "-o", "answer.parquet"]


@pytest.mark.slow
def test_many_states(tmp_path: Path) -> None:
    write_steps(tmp_path, STEPS // 10)
    compare(tmp_path, "a tenth as many states as steps, beside a group-by of Polars", ESTIMATE,
            python(GROUP_BY), "at most 3")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "wanted"), [("text", "at most 1.3"), ("numbers", "at most 1.6")]
)
def test_labels(tmp_path: Path, labels: str, wanted: str) -> None:
    write_steps(tmp_path, 1000, numbers=labels == "numbers")
    cast = ".cast(pl.Categorical)" if labels == "text" else ""
    compare(tmp_path, f"labels that are {labels}, beside reading them", ESTIMATE,
            python(READING.format(cast=cast)), wanted)  # fmt: skip


@pytest.mark.slow
def test_values_of_states_alone(tmp_path: Path) -> None:
    write_steps(tmp_path, 1000)
    compare(tmp_path, "--of v beside all quantities", [*ESTIMATE, "--of", "v"], ESTIMATE,
            "half of what is not reading")  # fmt: skip

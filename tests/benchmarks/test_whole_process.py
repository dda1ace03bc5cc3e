"""Whole processes side by side: medians of interleaved runs, as ratios to a floor or a peer.

Nothing is asserted: machines are shared. The wanted ratios stand beside the printed ones.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.conftest import STEPS, TRAJECTORIES, steps

RUNS = 7
RLCALC = [sys.executable, "-m", "rlcalc"]

PARQUET_FLOOR = """
import polars as pl
labels = pl.col("state", "action").cast(pl.Categorical)
pl.scan_parquet("steps.parquet").select(
    "trajectory", labels, "reward", "terminated", "truncated"
).collect()
"""
JSONL_FLOOR = """
import polars as pl
pl.scan_ndjson("lists.jsonl").with_columns(
    pl.col("states", "actions").cast(pl.List(pl.Categorical))
).collect()
"""
PANDAS_SCRIPT = """
import pandas as pd
import polars as pl  # pandas itself would need pyarrow to read the file
d = pl.read_parquet("steps.parquet")
d = pd.DataFrame({name: d[name].to_numpy() for name in d.columns}).iloc[::-1]
gain = d.groupby("trajectory", sort=False)["reward"].cumsum()
d = d.assign(gain=gain).iloc[::-1]
first_v = d.drop_duplicates(["trajectory", "state"])
first_q = d.drop_duplicates(["trajectory", "state", "action"])
v = first_v.groupby("state")["gain"].agg(["count", "mean", "sem"])
q = first_q.groupby(["state", "action"])["gain"].agg(["count", "mean", "sem"])
a = q.join(v, rsuffix="_v").eval("mean - mean_v")
"""
PYTHON_LOOP = """
import polars as pl
from collections import defaultdict
d = pl.read_parquet("steps.parquet", n_rows=1_000_000)
episodes = defaultdict(list)
for e, s, a, r in d.select("trajectory", "state", "action", "reward").iter_rows():
    episodes[e].append((s, a, r))
v, q = defaultdict(list), defaultdict(list)
for steps in episodes.values():
    g, first_v, first_q = 0.0, {}, {}
    for s, a, r in reversed(steps):
        g = r + 0.9 * g
        first_v[s] = g
        first_q[s, a] = g
    for s, g in first_v.items():
        v[s].append(g)
    for sa, g in first_q.items():
        q[sa].append(g)
import statistics
{k: (statistics.fmean(x), statistics.stdev(x)) for k, x in v.items() if len(x) > 1}
{k: (statistics.fmean(x), statistics.stdev(x)) for k, x in q.items() if len(x) > 1}
"""
TINY = "gamma: 0.9\ntrajectories:\n" + "".join(
    f"  - [a, x, {n}, b, y, 1, a, y, 2, end]\n" for n in range(8)
)


def seconds(command: list[str], folder: Path) -> float:
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def compare(
    name: str, ours: list[str], other: list[str], folder: Path, wanted: str, runs: int = RUNS
) -> None:
    seconds(ours, folder), seconds(other, folder)
    pairs = [(seconds(ours, folder), seconds(other, folder)) for _ in range(runs)]
    ratios = [one / two for one, two in pairs]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"\n{name}: {mine:.3f} s against {theirs:.3f} s, ratio {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}); wanted {wanted}"
    )


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.mark.slow
@pytest.mark.parametrize("visit", ["first", "every"])
def test_parquet(folder: Path, visit: str) -> None:
    ours = [*RLCALC, "estimate", "steps.parquet", "-q", "--visit", visit]
    compare(
        f"10 M steps, Parquet, {visit} visit", ours, python(PARQUET_FLOOR), folder, "at most 2.5"
    )


@pytest.mark.slow
def test_jsonl(folder: Path) -> None:
    ours = [*RLCALC, "estimate", "lists.jsonl", "-q"]
    compare("10 M steps, JSONL in columns", ours, python(JSONL_FLOOR), folder, "at most 1.75")


@pytest.mark.slow
def test_pandas(folder: Path) -> None:
    ours = [*RLCALC, "estimate", "steps.parquet", "-q"]
    compare("the obvious pandas script", ours, python(PANDAS_SCRIPT), folder, "at most 0.1", runs=2)


@pytest.mark.slow
def test_python_loop(folder: Path) -> None:
    """The loop runs over a tenth of the steps."""
    ours = [*RLCALC, "estimate", "steps.parquet", "-q"]
    compare(
        "a tenth of the obvious Python loop",
        ours,
        python(PYTHON_LOOP),
        folder,
        "at most 0.2",
        runs=2,
    )


@pytest.mark.slow
def test_help(tmp_path: Path) -> None:
    compare(
        "--help", [*RLCALC, "--help"], python("import typer, rich.table"), tmp_path, "at most 1.5"
    )


@pytest.mark.slow
def test_ten_lines_of_yaml(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    imports = python("import typer, rich.table, pydantic, yaml, numpy")
    compare(
        "ten lines of YAML", [*RLCALC, "estimate", "tiny.yaml"], imports, tmp_path, "at most 1.5"
    )


@pytest.mark.slow
def test_a_small_table(tmp_path: Path) -> None:
    (tmp_path / "tiny.csv").write_text("state,action,reward\na,go,1\nb,go,2\n")
    imports = python("import typer, rich.table, pydantic, yaml, numpy, polars")
    ours = [*RLCALC, "estimate", "tiny.csv", "--one-step"]
    compare("two lines of CSV, against imports", ours, imports, tmp_path, "at most 1.1")


@pytest.mark.slow
def test_two_processors(folder: Path) -> None:
    ours = [*RLCALC, "estimate", "steps.parquet", "-q", "-j"]
    compare("-j 1 against -j 2", [*ours, "1"], [*ours, "2"], folder, "at least 1.6")


MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
"""


def peak(command: list[str], folder: Path) -> int:
    """The largest resident memory of a process, in MiB.

    Measured from a small process: a child is charged with what its parent held when it was made.
    """
    done = subprocess.run([*python(MEASURE), *command], cwd=folder, check=True, capture_output=True)
    return int(done.stdout)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    for number in range(10):
        steps(STEPS, TRAJECTORIES, seed=number).write_parquet(tmp_path / f"part-{number}.parquet")
    one = [peak([*RLCALC, "estimate", "part-0.parquet", "-q"], tmp_path) for _ in range(3)]
    ten = [peak([*RLCALC, "estimate", ".", "-q"], tmp_path) for _ in range(3)]
    small, large = statistics.median(one), statistics.median(ten)
    print(
        f"\npeak of 100 M steps in ten files: {large} MiB against {small} MiB of one file, "
        f"ratio {large / small:.2f}; wanted at most 1.2"
    )

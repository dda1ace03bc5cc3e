"""Rollouts: whole processes against Polars reading the same, memory, and the advantage step alone.

Nothing is asserted: machines are shared. The wanted ratios stand beside the printed ones.
"""

import json
import random
import statistics
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.trainers import convention_of
from rlcalc.readers.rollouts.load import load_frame
from rlcalc.readers.rollouts.request import RolloutRequest
from rlcalc.rollouts import Rollouts
from tests.benchmarks.test_whole_process import RLCALC, compare, peak, python, seconds

GROUPS, SIZE = 100_000, 16
LINES = 300_000
TRIALS = 100_000

PARQUET_FLOOR = """
import polars as pl
pl.read_parquet("rollouts.parquet", columns=["uid", "score"])
"""
CODES_FLOOR = """
import polars as pl
ids = pl.col("uid").cast(pl.Categorical)
pl.scan_parquet("rollouts.parquet").select(ids, "score").collect()
"""
JSONL_FLOOR = """
import polars as pl
fields = {"input": pl.String, "score": pl.Float64, "step": pl.Int64}
pl.scan_ndjson("rollouts.jsonl", schema=fields).collect()
"""
WRITING_PEER = """
import polars as pl
score, uid = pl.col("score"), "uid"
advantage = (score - score.mean().over(uid)) / (score.std().over(uid) + 1e-6)
pl.scan_parquet("rollouts.parquet").with_columns(advantage=advantage).collect().write_parquet(
    "peer.parquet"
)
"""
VERL_LOOP = """
import polars as pl, numpy as np
from collections import defaultdict
d = pl.read_parquet("rollouts.parquet", n_rows=160_000)
scores, index = d["score"].to_list(), d["uid"].to_list()
by_id = defaultdict(list)
for score, name in zip(scores, index):
    by_id[name].append(score)
mean = {name: np.mean(held) for name, held in by_id.items()}
std = {name: np.std(held, ddof=1) for name, held in by_id.items()}
[(score - mean[name]) / (std[name] + 1e-6) for score, name in zip(scores, index)]
"""


def rollouts(groups: int, size: int, seed: int = 0) -> pl.DataFrame:
    """Rollouts with names of 36 characters for their groups, as uuid4 writes them."""
    rng = np.random.default_rng(seed)
    halves = [[f"{n:016x}" for n in rng.integers(0, 2**62, groups)] for _ in range(2)]
    texts = [f"{a[:8]}-{a[8:12]}-{a[12:]}-{b[:4]}-{b[4:]}" for a, b in zip(*halves, strict=True)]
    names = pl.Series(texts)
    easy = np.repeat(rng.random(groups), size)
    return pl.DataFrame(
        {
            "uid": names[np.repeat(np.arange(groups), size)],
            "score": (rng.random(groups * size) < easy).astype(float),
            "output": "x",
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rollouts")
    rollouts(GROUPS, SIZE).write_parquet(folder / "rollouts.parquet")
    return folder


def write_lines(path: Path, n: int) -> None:
    """As verl writes them: 2 kB of text a row, 16 rows a prompt."""
    rng = random.Random(0)
    words = [f"w{rng.getrandbits(30):x}" for _ in range(5000)]
    with path.open("w") as stream:
        for row in range(n):
            if row % 16 == 0:
                prompt = f"user\nquestion {row}: {' '.join(rng.choices(words, k=20))}\n"
            record = {
                "input": prompt,
                "output": " ".join(rng.choices(words, k=230)),
                "gts": "2",
                "score": float(rng.random() < 0.4),
                "step": row // 16_000,
            }
            stream.write(json.dumps(record) + "\n")


@pytest.mark.slow
def test_parquet(folder: Path) -> None:
    ours = [*RLCALC, "group", "rollouts.parquet", "-q"]
    for what, floor in (("as text", PARQUET_FLOOR), ("as codes", CODES_FLOOR)):
        name = f"1.6 M rollouts, Parquet, against reading the ids {what}"
        compare(name, ours, python(floor), folder, "at most 2")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "other"), [("reading", PARQUET_FLOOR), ("Polars doing the same", WRITING_PEER)]
)
def test_rows_to_parquet(folder: Path, what: str, other: str) -> None:
    """Polars writes the table as it was and the advantage; rows have steps, names and origins."""
    ours = [*RLCALC, "group", "rollouts.parquet", "-q", "-o", "answer.parquet"]
    wanted = "at most 1.7" if what == "reading" else "at most 1"
    compare(f"1.6 M rollouts to Parquet, against {what}", ours, python(other), folder, wanted)


@pytest.mark.slow
def test_python_loop(folder: Path) -> None:
    """The loop runs over a tenth of the rollouts."""
    ours = [*RLCALC, "group", "rollouts.parquet", "-q"]
    compare(
        "a tenth of the usual Python loop", ours, python(VERL_LOOP), folder, "at most 1", runs=3
    )


@pytest.mark.slow
def test_jsonl(tmp_path: Path) -> None:
    write_lines(tmp_path / "rollouts.jsonl", LINES)
    ours = [*RLCALC, "group", "rollouts.jsonl", "-q"]
    compare(
        f"{LINES:,} lines of 2 kB, JSONL",
        ours,
        python(JSONL_FLOOR),
        tmp_path,
        "at most 1.5",
        runs=5,
    )


@pytest.mark.slow
def test_many_small_files(tmp_path: Path) -> None:
    """The results of trials, 600 bytes each, against Parquet with the same rows.

    Opening so many files is more than the whole of the other.
    """
    for number in range(TRIALS):
        name = f"task-{number // 4}__{number}"
        record = {
            "task_name": f"task-{number // 4}",
            "trial_name": name,
            "config": {"filler": "x" * 300},
            "agent_info": {"name": "agent", "model_info": {"name": "model"}},
            "agent_result": {"n_output_tokens": number % 100},
            "verifier_result": {"rewards": {"reward": float(number % 3 == 0)}},
            "exception_info": None,
        }
        (tmp_path / "job" / name).mkdir(parents=True)
        (tmp_path / "job" / name / "result.json").write_text(json.dumps(record, indent=4))
    group = [*RLCALC, "group", "job"]
    seconds([*group, "--rows", "rollouts", "-o", "same.parquet"], tmp_path)
    columns = ["group", "rollout", "reward", "length"]
    pl.read_parquet(tmp_path / "same.parquet").select(columns).write_parquet(tmp_path / "x.parquet")
    other = [*RLCALC, "group", "x.parquet", "-q"]
    compare(f"{TRIALS:,} trials", [*group, "-q"], other, tmp_path, "at most 4", runs=3)
    large, small = (peak([*RLCALC, "group", name, "-q"], tmp_path) for name in ("job", "x.parquet"))
    print(f"\npeak of {TRIALS:,} trials: {large} MiB against {small} MiB")


@pytest.mark.slow
def test_memory_is_a_batch_of_text(tmp_path: Path) -> None:
    write_lines(tmp_path / "small.jsonl", LINES // 6)
    write_lines(tmp_path / "large.jsonl", LINES)
    small, large = (
        statistics.median(peak([*RLCALC, "group", name, "-q"], tmp_path) for _ in range(3))
        for name in ("small.jsonl", "large.jsonl")
    )
    print(
        f"\npeak of {LINES:,} lines: {large} MiB against {small} MiB of a sixth, "
        f"ratio {large / small:.2f}; wanted at most 1.2"
    )


@pytest.mark.slow
def test_the_advantage_step_with_text_ids() -> None:
    """From rows in any order and names as text to advantages, as trainers have them in memory."""
    frame = rollouts(GROUPS, SIZE)
    for name, rows in (("in order", frame), ("shuffled", frame.sample(fraction=1, shuffle=True))):
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            advantages(load_frame(rows, RolloutRequest()), convention_of("grpo", None))
            times.append(time.perf_counter() - begin)
        rate = len(frame) / statistics.median(times) / 1e6
        print(f"\ngrpo from text ids, {name}: {rate:.1f} M rollouts/s; wanted at least 5")


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimator(benchmark: BenchmarkFixture, name: str) -> None:
    rng = np.random.default_rng(0)
    n = GROUPS * SIZE
    held = Rollouts.from_arrays(
        np.repeat(np.arange(GROUPS), SIZE),
        rng.random(n).round(1),
        length=rng.integers(1, 4000, n),
        baseline=rng.random(n),
    )
    how = convention_of(name, None)
    benchmark(advantages, held, how)

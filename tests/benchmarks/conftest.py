"""Benchmarks run only when they are asked for: pytest tests/benchmarks --benchmark-enable -s."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

STEPS, TRAJECTORIES = 10_000_000, 500_000


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    if config.getoption("benchmark_enable"):
        return
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="benchmarks run with --benchmark-enable -s"))


def steps(n: int, trajectories: int, seed: int = 0) -> pl.DataFrame:
    """Steps of 1,000 states and 4 actions with names, 20 to a trajectory, 9 in 10 terminated."""
    rng = np.random.default_rng(seed)
    length = rng.multinomial(n - trajectories, np.ones(trajectories) / trajectories) + 1
    start = np.concatenate([[0], np.cumsum(length)])
    final = np.zeros(n, dtype=bool)
    final[start[1:] - 1] = True
    by_world = rng.random(n) < 0.9
    states = pl.Series([f"room-{number:04d}" for number in range(1000)])
    actions = pl.Series(["north", "south", "east", "west"])
    return pl.DataFrame(
        {
            "trajectory": np.repeat(np.arange(trajectories), length),
            "t": np.arange(n) - np.repeat(start[:-1], length),
            "state": states[rng.integers(0, 1000, n)],
            "action": actions[rng.integers(0, 4, n)],
            "reward": rng.integers(-1, 3, n).astype(float),
            "terminated": final & by_world,
            "truncated": final & ~by_world,
        }
    )


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10 million steps as Parquet, and the same in columns as JSONL."""
    folder = tmp_path_factory.mktemp("large")
    frame = steps(STEPS, TRAJECTORIES)
    frame.write_parquet(folder / "steps.parquet")
    frame.group_by("trajectory", maintain_order=True).agg(
        pl.col("state").alias("states"),
        pl.col("action").alias("actions"),
        pl.col("reward").alias("rewards"),
        pl.col("terminated", "truncated").last(),
    ).drop("trajectory").write_ndjson(folder / "lists.jsonl")
    return folder


@pytest.fixture(autouse=True)
def compiled_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes write bytecode, as an installation has it: compiling costs 0.1 s a start."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)

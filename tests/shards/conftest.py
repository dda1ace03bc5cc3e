"""Logs of steps, and cuts of them into files."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

Cut = Callable[[pl.DataFrame, Sequence[int]], list[str]]


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    """Write a frame as several files, cut before the rows that are given."""

    def write(frame: pl.DataFrame, places: Sequence[int]) -> list[str]:
        folder = tmp_path / f"cut-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        edges = sorted({0, len(frame), *(place for place in places if 0 < place < len(frame))})
        names = []
        for number, (first, end) in enumerate(pairwise(edges)):
            names.append(str(folder / f"{number:04}.parquet"))
            frame[first:end].write_parquet(names[-1])
        return names

    return write


def log_of_steps(seed: int, episodes: int, *, interleaved: int = 1) -> pl.DataFrame:
    """Return a log with every column that may tell where trajectories begin and end.

    Args:
        seed: of the random numbers.
        episodes: trajectories.
        interleaved: how many of them go on side by side.
    """
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 6, episodes).tolist()
    waiting = [(number, time) for number, n in enumerate(lengths) for time in range(n)]
    order = []
    lanes: list[list[tuple[int, int]]] = [[] for _ in range(interleaved)]
    for number, time in waiting:
        lanes[number % interleaved].append((number, time))
    while any(lanes):
        for lane in [lane for lane in lanes if lane]:
            order.append((lanes.index(lane), lane.pop(0)))
    rows = [
        {
            "env": lane,
            "trajectory": f"episode {number}",
            "t": time,
            "state": f"s{random.integers(6)}",
            "action": f"a{random.integers(2)}",
            "reward": float(random.normal()),
            "terminated": time == lengths[number] - 1 and number % 7 != 3,
        }
        for lane, (number, time) in order
    ]
    return pl.DataFrame(rows)

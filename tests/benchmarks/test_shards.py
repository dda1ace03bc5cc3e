"""Shards and partials beside one stream: what a shard costs, and what a merge of many does.

Processor seconds; nothing is asserted.
"""

import statistics
import time
from pathlib import Path

import pytest

import rlcalc
from rlcalc.readers.partial_files import read_partial
from rlcalc.renderers.partials import write
from tests.benchmarks.conftest import steps

SHARDS, N_STEPS, RUNS = 16, 250_000, 3


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Several files of steps."""
    folder = tmp_path_factory.mktemp("shards")
    for number in range(SHARDS):
        frame = steps(N_STEPS, N_STEPS // 20, seed=number)
        frame.write_parquet(folder / f"{number:02}.parquet")
    return [str(folder / f"{number:02}.parquet") for number in range(SHARDS)]


@pytest.mark.slow
def test_shards_beside_one_stream(names: list[str]) -> None:
    runs = []
    for _ in range(RUNS):
        begin = time.process_time()
        rlcalc.estimate(names)
        middle = time.process_time()
        rlcalc.by_shards("estimate", names, jobs=1)
        runs.append((time.process_time() - middle, middle - begin))
    ours, stream = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"\n{SHARDS} shards of {N_STEPS:,} steps: {ours:.2f} s, as one stream {stream:.2f} s")


@pytest.mark.slow
def test_a_merge_of_many_partials(names: list[str], tmp_path: Path) -> None:
    from rlcalc.api.shards import _classes

    first = rlcalc.partial("estimate", names[0], shard="1/1000")
    with open(tmp_path / "one.partial", "wb") as stream:
        write(first, stream)
    size = (tmp_path / "one.partial").stat().st_size
    begin = time.process_time()
    for _ in range(200):
        read_partial(str(tmp_path / "one.partial"), _classes()).nodes()
    reading = (time.process_time() - begin) / 200
    part, other = first.nodes()[0].part, first.nodes()[0].part.shifted(1)
    begin = time.process_time()
    for _ in range(50):
        part.merge(other)
    merging = (time.process_time() - begin) / 50
    pairs = 4 * 1000
    print(
        f"\na partial of {pairs:,} pairs: {size / pairs:.0f} bytes a pair, read in "
        f"{1e3 * reading:.1f} ms, merged in {1e3 * merging:.1f} ms"
    )

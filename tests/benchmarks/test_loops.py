"""The two loops and their numpy twins, at three sizes; and what the first, compiling call costs."""

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from rlcalc.estimators.gain import discounted_loop, discounted_sum
from rlcalc.estimators.visits import cluster_loop, visits_of
from tests.estimators.test_monte_carlo import random_batch

SIZES = (1_000, 100_000, 1_000_000)


@pytest.mark.slow
@pytest.mark.parametrize("n_steps", SIZES)
@pytest.mark.parametrize("compiled", [False, True])
def test_discounted_sum(
    benchmark: BenchmarkFixture, n_steps: int, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = random_batch(np.random.default_rng(0), n_steps, 1000, 4)
    tail = np.zeros(len(batch))
    monkeypatch.setattr(discounted_loop, "compiled", None)
    if compiled:
        begin = time.perf_counter()
        discounted_loop.compile(batch.reward, batch.start, 0.99, tail)
        print(f"\nfirst call {time.perf_counter() - begin:.2f} s")
    benchmark(discounted_sum, batch.reward, batch.start, 0.99, tail)


@pytest.mark.slow
@pytest.mark.parametrize("n_steps", SIZES)
@pytest.mark.parametrize("compiled", [False, True])
def test_visits(
    benchmark: BenchmarkFixture, n_steps: int, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = random_batch(np.random.default_rng(0), n_steps, 1000, 4)
    gain = discounted_sum(batch.reward, batch.start, 0.99)
    monkeypatch.setattr(cluster_loop, "compiled", None)
    if compiled:
        begin = time.perf_counter()
        cluster_loop.compile(batch.state.astype(np.int64), 1000, batch.start, gain, True)
        print(f"\nfirst call {time.perf_counter() - begin:.2f} s")
    benchmark(visits_of, batch, gain, "first")

"""What a step costs in each part of an estimate, at three sizes."""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from rlcalc.estimators.gain import discounted_sum
from rlcalc.estimators.monte_carlo import summarise_trajectories
from rlcalc.estimators.truncation import Truncation
from rlcalc.estimators.visits import visits_of
from tests.estimators.test_monte_carlo import VISITS, random_batch

SIZES = (1_000, 100_000, 1_000_000)


@pytest.mark.slow
@pytest.mark.parametrize("n_steps", SIZES)
def test_discounted_sum(benchmark: BenchmarkFixture, n_steps: int) -> None:
    batch = random_batch(np.random.default_rng(0), n_steps, 1000, 4)
    benchmark(discounted_sum, batch.reward, batch.start, 0.99)


@pytest.mark.slow
@pytest.mark.parametrize("visit", VISITS)
@pytest.mark.parametrize("n_steps", SIZES)
def test_visits(benchmark: BenchmarkFixture, n_steps: int, visit: str) -> None:
    batch = random_batch(np.random.default_rng(0), n_steps, 1000, 4)
    gain = discounted_sum(batch.reward, batch.start, 0.99)
    benchmark(visits_of, batch, gain, visit)


@pytest.mark.slow
@pytest.mark.parametrize("visit", VISITS)
@pytest.mark.parametrize("n_steps", SIZES)
def test_summary(benchmark: BenchmarkFixture, n_steps: int, visit: str) -> None:
    batch = random_batch(np.random.default_rng(0), n_steps, 1000, 4)
    benchmark(summarise_trajectories, batch, 0.99, visit, Truncation.parse("keep", 0.99))

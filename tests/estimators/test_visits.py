import numpy as np
import pytest

from rlcalc.estimators.gain import discounted_sum
from rlcalc.estimators.visits import clusters_of, dense, stable_order
from tests.estimators.test_monte_carlo import VISITS, random_batch


@pytest.mark.parametrize("visit", VISITS)
def test_clusters_are_the_visits_of_each_trajectory(visit: str) -> None:
    batch = random_batch(np.random.default_rng(5), n_steps=600, n_states=4, n_actions=2)
    gain = discounted_sum(batch.reward, batch.start, 0.9)
    key = batch.state.astype(np.int64)
    found = clusters_of(key, 4, batch, gain, visit)  # type: ignore[arg-type]
    expected = []
    for k in range(4):
        for e in range(len(batch)):
            here = [t for t in range(batch.start[e], batch.start[e + 1]) if key[t] == k]
            counting = here[:1] if visit == "first" else here
            expected += [sum(gain[t] for t in counting)] if here else []

    np.testing.assert_allclose(found.total, expected)
    assert found.edge[-1] == len(expected)


@pytest.mark.parametrize("n", [3, 1 << 16, 1 << 20, 1 << 40])
def test_stable_order_is_argsort(n: int) -> None:
    key = np.random.default_rng(0).integers(0, n, 3000)

    np.testing.assert_array_equal(stable_order(key, n), np.argsort(key, kind="stable"))


@pytest.mark.parametrize("n", [3, 5000, 1 << 40])
def test_dense_numbers_are_those_of_unique(n: int) -> None:
    code = np.random.default_rng(0).integers(0, n, 700)
    number, key = dense(code, n)
    expected_key, expected = np.unique(code, return_inverse=True)

    np.testing.assert_array_equal(number, expected)
    np.testing.assert_array_equal(key, expected_key)

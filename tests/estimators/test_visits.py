from itertools import product

import numpy as np
import pytest

from rlcalc.estimators.gain import discounted_sum
from rlcalc.estimators.visits import ACTION_BITS, Visit, visits_of
from tests.estimators.test_monte_carlo import VISITS, random_batch


@pytest.mark.parametrize("visit", VISITS)
def test_clusters_are_the_visits_of_each_trajectory(visit: Visit) -> None:
    batch = random_batch(np.random.default_rng(5), n_steps=600, n_states=4, n_actions=2)
    gain = discounted_sum(batch.reward, batch.start, 0.9)
    found = visits_of(batch, gain, visit)

    def clusters(*key: int) -> tuple[list[float], list[int], list[int]]:
        """The sums of gains, the numbers of visits, and whose they are."""
        totals, sizes, owners = [], [], []
        code = np.column_stack([batch.state, batch.action])[:, : len(key)]
        for e in range(len(batch)):
            here = [t for t in range(*batch.start[e : e + 2]) if (code[t] == key).all()]
            counting = here[:1] if visit == "first" else here
            totals += [sum(gain[t] for t in counting)] if here else []
            sizes += [len(counting)] if here else []
            owners += [e] if here else []
        return totals, sizes, owners

    states = [clusters(s) for s in range(4)]
    pairs = [clusters(s, a) for s, a in product(range(4), range(2))]
    for seen, expected in [(found.states, states), (found.pairs, pairs)]:
        np.testing.assert_allclose(seen.total, np.concatenate([c[0] for c in expected]))
        np.testing.assert_array_equal(np.diff(seen.edge), [len(c[0]) for c in expected])
        sizes = np.ones(len(seen.total)) if seen.size is None else seen.size
        np.testing.assert_array_equal(sizes, np.concatenate([c[1] for c in expected]))
    owner = np.concatenate([c[2] for c in states])
    np.testing.assert_array_equal(owner[found.partner], np.concatenate([c[2] for c in pairs]))
    np.testing.assert_array_equal(found.first_step, [np.argmax(batch.state == s) for s in range(4)])
    np.testing.assert_array_equal(found.steps, np.bincount(2 * batch.state + batch.action))


def test_keys_are_those_that_occur() -> None:
    batch = random_batch(np.random.default_rng(5), n_steps=600, n_states=4, n_actions=2)
    few = batch.select(np.arange(len(batch)) == 3)
    found = visits_of(few, few.reward, "every")
    keys = few.state.astype(np.int64) << ACTION_BITS | few.action

    np.testing.assert_array_equal(found.state_key, np.unique(few.state))
    np.testing.assert_array_equal(found.pair_key, np.unique(keys))

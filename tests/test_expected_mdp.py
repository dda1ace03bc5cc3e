"""The model with expected rewards: parts of it are the same model."""

import numpy as np

from tests.solvers.models import slippery_lake


def test_kept_pairs_have_their_values() -> None:
    model = slippery_lake(5).expected
    kept = np.arange(model.n_pairs) % 4 < 2
    part = model.keep(kept)
    value = np.random.default_rng(0).normal(size=model.n_states)

    np.testing.assert_array_equal(part.pair_state, model.pair_state[kept])
    np.testing.assert_array_equal(
        part.action_value(value, 0.9), model.action_value(value, 0.9)[kept]
    )

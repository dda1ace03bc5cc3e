"""The columns and facts of an answer."""

import numpy as np

from rlcalc.estimators.programs.report import keys_of_steps, keys_of_tokens
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
from tests.estimators.programs.sources import buffer, tokens


def test_rows_of_a_buffer_come_in_the_order_of_its_arrays() -> None:
    arrays = buffer(2, least=3)
    batch, _ = trajectories_of_arrays(arrays, "here")
    order = np.arange(batch.n_steps)[batch.source_order]

    np.testing.assert_array_equal(batch.reward[order], arrays["rewards"].reshape(-1))
    np.testing.assert_array_equal(
        keys_of_steps(batch, order)["t"].values,
        np.repeat(np.arange(len(arrays["rewards"])), arrays["rewards"].shape[1]),
    )


def test_tokens_are_named_by_rollout_and_place() -> None:
    flat, _ = tokens(4)
    keys = keys_of_tokens(flat, np.arange(len(flat.mask)))

    assert list(keys) == ["trajectory", "t", "mask"]
    np.testing.assert_array_equal(keys["trajectory"].values, flat.number)

"""Probabilities: their sums, and what cannot be one."""

from __future__ import annotations

import numpy as np

from rlcalc.numerics.probabilities import impossible, normalised


def test_sums_that_are_1_keep_their_bits() -> None:
    chance = np.array([0.1, 0.9, 0.3, 0.3])

    assert normalised(chance, np.array([0, 2, 4])).tolist() == [0.1, 0.9, 0.5, 0.5]


def test_only_what_is_above_0_and_at_most_1_up_to_float32_can_have_been_done() -> None:
    chance = np.array([0.0, 1e-300, 1.0, np.float32(1) + np.finfo(np.float32).eps, 1.001, np.nan])

    assert impossible(chance).tolist() == [True, False, False, False, True, False]

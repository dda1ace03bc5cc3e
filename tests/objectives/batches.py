"""Batches of tokens for properties: ragged rollouts, masks with holes, and what was logged."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from rlcalc.tokens import Tokens
from tests.objectives.peers import Padded, Table

seeds = st.integers(0, 2**32 - 1)


def batch(seed: int, *, empty: bool = True, same_advantage: bool = False) -> tuple[Padded, Table]:
    """A padded batch and log π; no ratio stands near a clip, where a derivative jumps."""
    rng = np.random.default_rng(seed)
    n, width = int(rng.integers(2, 6)), int(rng.integers(1, 7))
    mask = (rng.random((n, width)) < 0.7).astype(float)
    mask[0, 0] = 1
    if not empty:
        mask[:, 0] = 1
    old = -rng.exponential(1.0, (n, width)) - 3.1
    ratio = rng.choice([0.35, 0.7, 0.93, 1.0, 1.11, 1.6, 2.4, 4.4, 12.0], (n, width))
    ratio *= rng.uniform(0.99, 1.01, (n, width))
    advantage = rng.normal(size=(n, 1 if same_advantage else width)) + 0.01
    advantage = np.broadcast_to(advantage, (n, width)).copy()
    ref = old + rng.choice([-4.0, -1.0, -0.3, 0.4, 2.0], (n, width)) * rng.uniform(0.9, 1.1)
    return Padded(old, advantage, mask, ref), old + np.log(ratio)


def tokens_of(padded: Padded, log_prob: Table, **more: Any) -> Tokens:
    return Tokens.from_arrays(
        mask=padded.mask,
        log_prob=log_prob,
        old_log_prob=padded.old,
        ref_log_prob=padded.ref,
        advantage=padded.advantage,
        **more,
    )

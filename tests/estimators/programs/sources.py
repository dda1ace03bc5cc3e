"""Buffers and batches of tokens for properties."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlcalc.tokens import Tokens

seeds = st.integers(0, 2**32 - 1)
discounts = st.sampled_from([0.0, 0.3, 0.9, 0.99, 1.0])


def buffer(seed: int, *, least: int = 1) -> dict[str, NDArray[Any]]:
    """A buffer [T, N] with both flags, some of them on one step, and V of what follows."""
    rng = np.random.default_rng(seed)
    shape = int(rng.integers(least, least + 12)), int(rng.integers(1, 4))
    terminated = rng.random(shape) < 0.15
    return {
        "rewards": rng.normal(size=shape),
        "values": rng.normal(size=shape),
        "terminated": terminated,
        "truncated": rng.random(shape) < 0.15,
        "final_values": rng.normal(size=shape),
        "last_values": rng.normal(size=shape[1]),
    }


def tokens(seed: int, *, score: bool = False) -> tuple[Tokens, dict[str, NDArray[Any]]]:
    """Ragged rollouts with holes in the mask, and the same padded with zeros to one width."""
    rng = np.random.default_rng(seed)
    rows, width = int(rng.integers(2, 5)), int(rng.integers(2, 9))
    size = rng.integers(1, width + 1, rows)
    size[0] = width
    inside = np.arange(width) < size[:, None]
    mask = inside & (rng.random((rows, width)) < 0.7)
    mask[0, :2] = True
    padded: dict[str, NDArray[Any]] = {
        "mask": mask.astype(float),
        "reward": rng.normal(size=(rows, width)) * inside,
        "value": rng.normal(size=(rows, width)) * inside,
        "size": size,
        "inside": inside,
        "score": rng.normal(size=rows),
    }
    more = {"score": padded["score"]} if score else {"reward": padded["reward"][inside]}
    flat = Tokens.from_arrays(
        start=np.append(0, np.cumsum(size)),
        mask=mask[inside],
        value=padded["value"][inside],
        **more,
    )
    return flat, padded

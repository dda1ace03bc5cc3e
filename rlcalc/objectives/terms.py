"""Terms: what a loss reads of the tokens, and what it answers for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rlcalc.numerics.arrays import Flags, Floats, Ints

if TYPE_CHECKING:
    from rlcalc.objectives.convention import Objective

REGIONS = ("active", "clip low", "clip high", "dual clip", "outside but active", "masked")
ACTIVE, CLIP_LOW, CLIP_HIGH, DUAL_CLIP, OUTSIDE, MASKED = range(6)


@dataclass(frozen=True)
class LossInput:
    """T counted tokens of N rollouts, none of which is empty: masked ones are left out."""

    start: Ints  # [N + 1] offsets
    log_prob: Floats  # [T]
    log_ratio: Floats  # [T] log π(token) − log π_old(token)
    advantage: Floats  # [T] as the loss weighs it
    value: Floats | None = None  # [T] V, for the loss of the critic
    old_value: Floats | None = None  # [T] V when the batch was collected
    target: Floats | None = None  # [T] R

    def sums(self, values: Floats) -> Floats:
        """Return [N] the sum over each rollout."""
        return np.add.reduceat(values, self.start[:-1]) if len(values) else np.zeros(0)

    def each(self, values: Floats) -> Floats:
        """Return [T] what holds for each token's rollout."""
        return np.repeat(values, np.diff(self.start))

    @property
    def length(self) -> Ints:
        """[N] tokens of each rollout."""
        return np.diff(self.start)


@dataclass(frozen=True)
class Terms:
    """The answer for each token, before the weights of the aggregation."""

    loss: Floats  # [T] ℓ, which is minimised
    gradient: Floats  # [T] ∂(Σ ℓ of the rollout)/∂ log π(token)
    ratio: Floats  # [T] the importance ratio that the loss uses
    region: NDArray[np.int8]  # [T] numbers of REGIONS
    clamped: Flags | None = None  # [T] the log-ratio was clamped, so that nothing is learned
    whole: bool = False  # the ratio is one of the whole rollout, and depends on all its tokens


def terms_function(loss: str) -> Callable[[LossInput, Objective], Terms]:
    """Return the function of a loss; its file is imported on first use."""
    module = import_module(f"rlcalc.objectives.losses.{loss}")
    function: Callable[[LossInput, Objective], Terms] = module.terms
    return function

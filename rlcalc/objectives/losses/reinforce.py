"""REINFORCE: no ratio at all."""

from __future__ import annotations

import numpy as np

from rlcalc.objectives.convention import Objective
from rlcalc.objectives.terms import LossInput, Terms


def terms(tokens: LossInput, how: Objective) -> Terms:
    """Return the terms of REINFORCE, which has no clip: ℓ = −A log π, ∂ℓ/∂ log π = −A.

    Source: Williams (1992); verl 0.9.1 `compute_policy_loss_gpg`.
    """
    ratio = np.exp(tokens.log_ratio)
    gradient = -tokens.advantage
    return Terms(gradient * tokens.log_prob, gradient, ratio, np.zeros(len(ratio), np.int8))

"""SAPO: a smooth gate instead of a clip."""

from __future__ import annotations

import numpy as np

from rlcalc.objectives.convention import Objective
from rlcalc.objectives.terms import LossInput, Terms

TEMPERATURES = (1.0, 1.05)
"""τ where A > 0, and elsewhere: the defaults of the paper, verl, TRL and AReaL."""


def terms(tokens: LossInput, how: Objective) -> Terms:
    """Return SAPO's terms. There is no clip: every token is active.

        ℓ = −A (4/τ) σ(τ(ρ−1)),  ∂ℓ/∂ log π = −4 A ρ σ(τ(ρ−1)) (1 − σ(τ(ρ−1)))

    Source: Gao et al. (2025), 2511.20347; verl 0.9.1 `compute_policy_loss_sapo`.
    """
    log_ratio, clamped = how.clamped(tokens.log_ratio)
    ratio = np.exp(log_ratio)
    temperature = np.where(tokens.advantage > 0, *TEMPERATURES)
    gate = 0.5 + 0.5 * np.tanh(0.5 * temperature * (ratio - 1.0))
    loss = -tokens.advantage * gate * (4.0 / temperature)
    gradient = -4.0 * tokens.advantage * gate * (1.0 - gate) * ratio
    if clamped is not None:
        gradient[clamped] = 0.0
    return Terms(loss, gradient, ratio, np.zeros(len(ratio), np.int8), clamped)

"""Estimators of KL(π ‖ π_ref) from one token, with their gradients."""

from __future__ import annotations

import numpy as np

from rlcalc.numerics.arrays import Floats


def kl_terms(
    log_prob: Floats,
    reference: Floats,
    kind: str,
    largest_input: float = np.inf,
    largest_output: float = np.inf,
) -> tuple[Floats, Floats, Floats]:
    """Return [T] the estimate, its derivative by log π, and that derivative without the clamps.

        x = log π − log π_ref:   k1 = x,   k2 = x²/2,   k3 = e^{−x} − 1 + x,   abs = |x|

    Under π, E[k1] = E[k3] = KL, and E[∇k2] = ∇KL. The gradient of k1 is 1 for every token, whose
    expectation is 0; that of k3 is 1 − e^{−x}.

    Args:
        log_prob: [T] log π.
        reference: [T] log π_ref.
        kind: one of `rlcalc.objectives.losses.KL_ESTIMATORS`.
        largest_input: k3 clamps x to ± this.
        largest_output: the estimate is clamped to ± this, and has no gradient beyond.

    Source: Schulman (2020), joschu.net/blog/kl-approx.html; verl 0.9.1 `kl_penalty`.
    """
    x = log_prob - reference
    base = {"low_var_kl": "k3"}.get(kind, kind.removesuffix("+"))
    if base == "k1":
        value, free = x, np.ones(len(x))
    elif base == "k2":
        value, free = 0.5 * x * x, x
    elif base == "abs":
        value, free = np.abs(x), np.sign(x)
    else:
        with np.errstate(over="ignore"):
            value, free = np.expm1(-x) + x, -np.expm1(-x)
    gradient = free
    if np.isfinite(largest_input) and base == "k3":
        inside = np.clip(x, -largest_input, largest_input)
        value = np.expm1(-inside) + inside
        gradient = np.where(inside == x, gradient, 0.0)
    if np.isfinite(largest_output):
        bounded = np.clip(value, -largest_output, largest_output)
        gradient = np.where(bounded == value, gradient, 0.0)
        value = bounded
    if kind.endswith("+"):
        gradient = free = x
    return value, gradient, free

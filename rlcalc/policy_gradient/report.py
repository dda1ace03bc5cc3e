"""Estimates as rows: a parameter of a form, or a form."""

from __future__ import annotations

import numpy as np

from rlcalc.numerics.arrays import Floats
from rlcalc.policy_gradient.estimate import Estimate
from rlcalc.policy_gradient.request import GradientRequest
from rlcalc.policy_gradient.setup import GradientSetup
from rlcalc.result import Column


def by_parameter(at: GradientSetup, found: list[Estimate]) -> dict[str, Column]:
    """Return a row a form and parameter: z is how many errors the estimate is off."""
    states = at.mdp.states.named(at.mdp.expected.pair_state)
    actions = at.mdp.actions.named(at.mdp.action)
    wanted, n = at.exact.gradient, len(found)
    estimate = np.concatenate([one.gradient for one in found])
    off = estimate - np.tile(wanted, n)
    error = np.concatenate([one.error for one in found])
    silent = (error == 0) & (np.abs(off) > _noise(wanted))  # never met: nothing is known
    error = np.where(silent, np.nan, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, off / error, np.where(silent | np.isnan(error), np.nan, 0.0))
    return {
        "form": Column(np.repeat([one.form for one in found], len(wanted)).astype(object), "key"),
        "state": Column(np.tile(states, n), "key"),
        "action": Column(np.tile(actions, n), "key"),
        "gradient": Column(estimate, symbol="∂J/∂θ"),
        "se": Column(error, "error"),
        "exact": Column(np.tile(wanted, n)),
        "z": Column(z),
    }


def _noise(wanted: Floats) -> float:
    return 1e-9 * float(np.abs(wanted).max(initial=0.0))


def by_form(
    at: GradientSetup, question: GradientRequest, found: list[Estimate]
) -> dict[str, Column]:
    """Return a row a form.

    `variance` is tr Σ, where Σ is the covariance of one episode's gradient; `expected_distance` is
    √(tr Σ / n), what |estimate − ∇J| should be like; `batch_distance` the same for a batch of B
    episodes; `noise_scale` is tr Σ / |∇J|², the batch whose error is as long as ∇J.

    Source: McCandlish, Kaplan & Amodei (2018), section 2.2: the simple noise scale.
    """
    wanted = at.exact.gradient
    total = np.array([float(one.variance.sum()) for one in found])
    first = total[0] if found[0].form == "trajectory" else np.nan
    several = np.array([one.n for one in found])
    columns = {
        "form": Column([one.form for one in found], "key"),
        "variance": Column(total),
        "ratio": Column(np.array([part / first if first else np.nan for part in total])),
        "norm": Column(np.array([norm(one.gradient) for one in found]), symbol="|∇J|"),
        "cosine": Column(np.array([cosine(one.gradient, wanted) for one in found])),
        "distance": Column(np.array([norm(one.gradient - wanted) for one in found])),
        "expected_distance": Column(np.sqrt(total / several)),
        "surrogate": Column(np.array([one.surrogate for one in found]), symbol="Ĵ"),
        "surrogate_se": Column(np.array([one.surrogate_error for one in found]), "error"),
    }
    squared = float(wanted @ wanted)
    columns["noise_scale"] = Column(total / squared if squared else np.full(len(total), np.nan))
    if question.batch:
        columns["batch_distance"] = Column(np.sqrt(total / question.batch))
    return columns


def norm(gradient: Floats) -> float:
    """Return the length of a gradient."""
    return float(np.linalg.norm(gradient))


def cosine(one: Floats, two: Floats) -> float:
    """Return the cosine of the angle between two gradients; NaN if one is 0."""
    size = norm(one) * norm(two)
    return float(one @ two) / size if size else float("nan")

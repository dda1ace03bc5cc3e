"""Tables of gradient estimates: a row for each form and parameter, or for each form."""

from __future__ import annotations

import numpy as np

from rlcalc.numerics.arrays import cosine, norm
from rlcalc.policy_gradient.estimate import Estimate
from rlcalc.policy_gradient.request import GradientRequest
from rlcalc.policy_gradient.setup import GradientSetup
from rlcalc.result import Column


def by_parameter(setup: GradientSetup, estimates: list[Estimate]) -> dict[str, Column]:
    """Return a row for each form and parameter: z is the error divided by its standard error."""
    states = setup.mdp.states.named(setup.mdp.expected.pair_state)
    actions = setup.mdp.actions.named(setup.mdp.action)
    exact, n = setup.exact.gradient, len(estimates)
    forms = np.array([one.form for one in estimates], dtype=object)
    estimate = np.concatenate([one.gradient for one in estimates])
    difference = estimate - np.tile(exact, n)
    error = np.concatenate([one.error for one in estimates])
    # no episode met the action
    unmet = (error == 0) & (np.abs(difference) > 1e-9 * np.abs(exact).max(initial=0.0))
    error = np.where(unmet, np.nan, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, difference / error, np.where(unmet | np.isnan(error), np.nan, 0.0))
    return {
        "form": Column(np.repeat(forms, len(exact)), "key"),
        "state": Column(np.tile(states, n), "key"),
        "action": Column(np.tile(actions, n), "key"),
        "gradient": Column(estimate, symbol="∂J/∂θ"),
        "se": Column(error, "error"),
        "exact": Column(np.tile(exact, n)),
        "z": Column(z),
    }


def by_form(
    setup: GradientSetup, request: GradientRequest, estimates: list[Estimate]
) -> dict[str, Column]:
    """Return a row for each form.

    `variance` is tr Σ, where Σ is the covariance of one episode's gradient; `expected_distance` is
    √(tr Σ / n), the typical |estimate − ∇J|; `batch_distance` the same for a batch of B
    episodes; `noise_scale` is tr Σ / |∇J|², the batch whose error is as long as ∇J.

    Source: McCandlish, Kaplan & Amodei (2018), section 2.2: the simple noise scale.
    """
    exact = setup.exact.gradient
    total = np.array([float(one.variance.sum()) for one in estimates])
    first = total[0] if estimates[0].form == "trajectory" else np.nan
    n_episodes = np.array([one.n for one in estimates])
    columns = {
        "form": Column([one.form for one in estimates], "key"),
        "variance": Column(total),
        "ratio": Column(np.array([part / first if first else np.nan for part in total])),
        "norm": Column(np.array([norm(one.gradient) for one in estimates]), symbol="|∇J|"),
        "cosine": Column(np.array([cosine(one.gradient, exact) for one in estimates])),
        "distance": Column(np.array([norm(one.gradient - exact) for one in estimates])),
        "expected_distance": Column(np.sqrt(total / n_episodes)),
        "surrogate": Column(np.array([one.surrogate for one in estimates]), symbol="Ĵ"),
        "surrogate_se": Column(np.array([one.surrogate_error for one in estimates]), "error"),
    }
    squared = float(exact @ exact)
    columns["noise_scale"] = Column(total / squared if squared else np.full(len(total), np.nan))
    if request.batch:
        columns["batch_distance"] = Column(np.sqrt(total / request.batch))
    return columns

"""Gradient ascent along the exact policy gradient, or along an estimate of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Floats, cosine, norm
from rlcalc.numerics.random_streams import LARGEST_SEED
from rlcalc.policy import Policy
from rlcalc.policy_gradient.request import AscentRequest
from rlcalc.policy_gradient.setup import GradientSetup
from rlcalc.result import Column, Fact, Result
from rlcalc.simulation.play import Watch

if TYPE_CHECKING:
    from rlcalc.charts import Chart


def ascend(
    setup: GradientSetup, request: AscentRequest, watch: Watch = lambda items, done: items
) -> tuple[Result, Policy]:
    """Return the objective after each step of gradient ascent, and the policy at its end.

        θ ← θ + η ∇J(θ),   π(a|s) = exp θ(s,a) / Σ_b exp θ(s,b)

    Step k of an estimated ascent simulates episodes of its own, with the seed + k. An action that
    the policy never takes has θ = −∞, and keeps it.

    Args:
        setup: the first policy, and the model.
        request: the number of steps, the learning rate, and the direction.
        watch: is called with the steps, to show progress.

    Returns:
        Columns step, objective (always exact), gradient_norm (exact), and where the gradient is
        estimated `cosine`, of the angle between the estimate and the exact gradient.

    Raises:
        InputError: a gradient does not exist.
    """
    with np.errstate(divide="ignore"):
        logit = np.log(setup.play.policy.weight)
    current, rows = setup, []
    for step in watch(range(request.steps + 1), lambda step: 1):
        last = step == request.steps
        direction, similarity = current.exact.gradient, np.nan
        if request.estimate and not last:
            with np.errstate(over="ignore", invalid="ignore"):
                _, _, (one,) = current.estimated(request.estimate, current.play.trajectories)
            direction, similarity = one.gradient, cosine(one.gradient, direction)
        rows.append((step, current.exact.objective, norm(current.exact.gradient), similarity))
        if not last:
            logit = _ascent_step(logit, request.learning_rate, direction, step + 1)
            with np.errstate(over="ignore"):
                policy = Policy(Policy.softmax(setup.mdp.expected, logit, 1.0).weight, "ascended")
            current = current.induced_by(policy, (setup.play.seed + step + 1) % (LARGEST_SEED + 1))
    number, objective, length, cosines = (np.array(column) for column in zip(*rows, strict=True))
    columns = {
        "step": Column(number, "key"),
        "objective": Column(objective, symbol="J"),
        "gradient_norm": Column(length, symbol="|∇J|"),
    }
    if request.estimate:
        columns["cosine"] = Column(cosines)
    title = f"Gradient ascent: {setup.mdp.name}" if setup.mdp.name else "Gradient ascent"

    def charts() -> list[Chart]:
        from rlcalc.policy_gradient.charts import ascent_charts

        return ascent_charts(columns, title)

    return Result(
        command="gradient",
        title=title,
        columns=columns,
        facts=_facts(setup, request, float(objective[-1])),
        charts=charts,
    ), current.play.policy


def _ascent_step(logit: Floats, rate: float, direction: Floats, step: int) -> Floats:
    """Return θ + η ∇J.

    Raises:
        InputError: a logit overflows.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        logit_after: Floats = logit + rate * direction
    if not (logit_after < np.inf).all() or (np.isneginf(logit_after) & ~np.isneginf(logit)).any():
        raise InputError(
            f"the logits overflow at step {step} of the ascent",
            fix=f"give a --learning-rate below {rate:g}",
        )
    return logit_after


def _facts(setup: GradientSetup, request: AscentRequest, objective: float) -> dict[str, Fact]:
    facts: dict[str, Fact] = {
        "method": "exact gradient ascent" if request.estimate is None else "gradient ascent",
        **setup.play.facts(),
        "learning_rate": request.learning_rate,
        "steps": request.steps,
        "objective": objective,
    }
    if request.estimate is None:
        return facts | {"seed": None, "max_steps": None}
    return facts | {
        "form": request.estimate.form,
        "baseline": request.estimate.baseline,
        "critic": request.estimate.critic,
        "discount_weight": request.estimate.discount_weight,
        "batch": setup.play.request.episodes,
    }

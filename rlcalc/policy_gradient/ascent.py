"""Gradient ascent: a policy that climbs, along the exact gradient or along an estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError, UsageError
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.random_streams import LARGEST_SEED
from rlcalc.policy import Policy
from rlcalc.policy_gradient.estimate import FORMS
from rlcalc.policy_gradient.report import cosine, norm
from rlcalc.policy_gradient.request import GradientRequest
from rlcalc.policy_gradient.setup import GradientSetup
from rlcalc.result import Column, Fact, Result
from rlcalc.simulation.play import Watch


@dataclass(frozen=True)
class AscentRequest:
    """How a policy is to climb."""

    steps: int
    learning_rate: float
    question: GradientRequest | None = (
        None  # None: along the exact gradient, else along an estimate
    )

    def __post_init__(self) -> None:
        """Refuse what is no climb.

        Raises:
            UsageError: a number out of range, several forms at once, or other rows.
        """
        if self.steps < 1:
            raise UsageError(f"an ascent of {self.steps} steps", fix="it has at least one")
        if not 0 < self.learning_rate < np.inf:
            raise UsageError(
                f"the learning rate is {self.learning_rate:g}", fix="give a number above 0"
            )
        if self.question and self.question.form == "all":
            raise UsageError(
                "an ascent follows one estimate", fix=f"--form is one of {', '.join(FORMS)}"
            )
        if self.question and self.question.rows != "gradient":
            raise UsageError("the rows of an ascent are its steps", fix="leave out --rows")


def ascend(
    at: GradientSetup, ascent: AscentRequest, watch: Watch = lambda items, done: items
) -> tuple[Result, Policy]:
    """Return the objective after each step of gradient ascent, and the policy at its end.

        θ ← θ + η ∇J(θ),   π(a|s) = exp θ(s,a) / Σ_b exp θ(s,b)

    Step k of an estimated ascent plays episodes of its own, with the seed + k. An action that the
    policy never takes has θ = −∞, and stays there.

    Args:
        at: where it begins.
        ascent: how far, how fast, and along what.
        watch: sees the steps go by.

    Returns:
        Columns step, objective (always exact), gradient_norm (exact), and where the gradient is
        estimated `cosine`, of the estimate that leads on with the exact one.

    Raises:
        InputError: a gradient does not exist.
    """
    with np.errstate(divide="ignore"):
        logit = np.log(at.play.policy.weight)
    here, rows = at, []
    for step in watch(range(ascent.steps + 1), lambda step: 1):
        last = step == ascent.steps
        along, alike = here.exact.gradient, np.nan
        if ascent.question and not last:
            with np.errstate(over="ignore", invalid="ignore"):
                _, _, (one,) = here.estimated(ascent.question, here.play.trajectories)
            along, alike = one.gradient, cosine(one.gradient, along)
        rows.append((step, here.exact.objective, norm(here.exact.gradient), alike))
        if not last:
            logit = _moved(logit, ascent.learning_rate, along, step + 1)
            with np.errstate(over="ignore"):
                policy = Policy(Policy.softmax(at.mdp.expected, logit, 1.0).weight, "ascended")
            here = here.induced_by(policy, (at.play.seed + step + 1) % (LARGEST_SEED + 1))
    number, objective, length, likeness = (np.array(column) for column in zip(*rows, strict=True))
    columns = {
        "step": Column(number, "key"),
        "objective": Column(objective, symbol="J"),
        "gradient_norm": Column(length, symbol="|∇J|"),
    }
    if ascent.question:
        columns["cosine"] = Column(likeness)
    return Result(
        command="gradient",
        title=f"Gradient ascent: {at.mdp.name}" if at.mdp.name else "Gradient ascent",
        columns=columns,
        facts=_facts(at, ascent, float(objective[-1])),
    ), here.play.policy


def _moved(logit: Floats, rate: float, along: Floats, step: int) -> Floats:
    """Return θ + η ∇J.

    Raises:
        InputError: it is beyond all numbers.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        moved: Floats = logit + rate * along
    if not (moved < np.inf).all() or (np.isneginf(moved) & ~np.isneginf(logit)).any():
        raise InputError(
            f"the logits grow beyond all numbers at step {step} of the ascent",
            fix=f"take a smaller learning rate than {rate:g}",
        )
    return moved


def _facts(at: GradientSetup, ascent: AscentRequest, reached: float) -> dict[str, Fact]:
    facts: dict[str, Fact] = {
        "method": "exact gradient ascent" if ascent.question is None else "gradient ascent",
        **at.play.facts(),
        "learning_rate": ascent.learning_rate,
        "steps": ascent.steps,
        "objective": reached,
    }
    if ascent.question is None:
        return facts | {"seed": None, "max_steps": None}
    return facts | {
        "form": ascent.question.form,
        "baseline": ascent.question.baseline,
        "critic": ascent.question.critic,
        "discount_weight": ascent.question.discount_weight,
        "batch": at.play.request.episodes,
    }

"""Estimates of the policy gradient in several forms, with the exact one beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import cosine, norm
from rlcalc.policy_gradient.estimate import Estimate, EstimateSummary
from rlcalc.policy_gradient.exact import expected_without_discount_weight
from rlcalc.policy_gradient.logged_episodes import LoggedEpisodes, with_model_codes
from rlcalc.policy_gradient.report import by_form, by_parameter
from rlcalc.policy_gradient.request import EstimateRequest, GradientRequest
from rlcalc.policy_gradient.setup import Batches, GradientSetup
from rlcalc.policy_gradient.surrogate import surrogates
from rlcalc.result import Fact, Result
from rlcalc.simulation.play import Watch
from rlcalc.trajectories import Experience, Trajectories

if TYPE_CHECKING:
    from rlcalc.charts import Chart


def compare_with_exact(
    setup: GradientSetup,
    request: GradientRequest,
    logged: LoggedEpisodes | None = None,
    watch: Watch = lambda items, done: items,
) -> Result:
    """Return estimates of the policy gradient, with the exact one beside them.

        ∇J(θ) = E[Σ_t ∇ log π(a_t|s_t) Ψ_t],   ∂J/∂θ(s,a) = d_γ(s) π(a|s) A(s,a)

    Args:
        setup: the policy, and the model.
        request: the forms, the baseline and the critic.
        logged: episodes to use instead of simulated ones.
        watch: is called with the batches and a function that counts the episodes of one.

    Raises:
        InputError: gamma is 1 and some episodes never end, or episodes are not of this model.
    """
    notes: list[str] = []
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite shows as no answer
        batches = (
            (lambda: watch(setup.play.trajectories(), len))
            if logged is None
            else _logged_batches(setup, request, logged, notes)
        )
        estimated = setup.estimated(request, batches)
    return beside_exact(setup, request, estimated, notes, is_logged=logged is not None)


@np.errstate(over="ignore", invalid="ignore")
def beside_exact(
    setup: GradientSetup,
    request: GradientRequest,
    estimated: tuple[EstimateRequest, EstimateSummary, list[Estimate]],
    notes: Sequence[str],
    *,
    is_logged: bool,
) -> Result:
    """Return estimates with the exact gradient beside them.

    Args:
        setup: the policy, and the model.
        request: the forms, the baseline and the critic.
        estimated: what `GradientSetup.estimated` returns.
        notes: of the reader of the episodes.
        is_logged: they were not simulated.
    """
    estimate_request, summary, estimates = estimated
    facts = _facts(setup, request, estimate_request, summary, estimates)
    if is_logged:
        facts |= {"seed": None, "max_steps": None, "weighted_episodes": summary.n_weighted}
    each_form = request.rows == "variance"
    table = by_form(setup, request, estimates) if each_form else by_parameter(setup, estimates)
    title = f"Policy gradient: {setup.mdp.name}" if setup.mdp.name else "Policy gradient"

    def charts() -> list[Chart]:
        from rlcalc.policy_gradient.charts import gradient_charts

        forms = by_form(setup, request, estimates)
        return gradient_charts(by_parameter(setup, estimates), forms, title)

    return Result(
        command="gradient",
        title=title,
        columns=table,
        facts=facts,
        notes=[*notes, *_notes(estimate_request, summary, estimates)],
        charts=charts,
    )


def _logged_batches(
    setup: GradientSetup, request: GradientRequest, logged: LoggedEpisodes, notes: list[str]
) -> Batches:
    """Return a function that yields the logged episodes, and add its reader's notes to `notes`."""

    def batches() -> Iterator[Trajectories]:
        experience = logged.load()
        yield from with_model_codes(experience, setup.mdp)
        notes[:] = notes_of_log(setup, experience)

    if logged.repeatable or request.passes == 1:
        return batches
    batch_list = list(batches())
    return lambda: batch_list


def notes_of_log(setup: GradientSetup, experience: Experience) -> list[str]:
    """Return the notes of a reader, and that the data have another discount factor."""
    gamma = setup.play.gamma
    if experience.gamma in (None, gamma):
        return list(experience.notes)
    other = f"the gradient uses gamma {gamma:g}; the data say gamma {experience.gamma:g}"
    return [*experience.notes, other]


SMALL_GROUP = 20
"""Mean number of episodes in a group below which the baseline `mean` shrinks the estimate much."""


def _notes(
    estimate_request: EstimateRequest, summary: EstimateSummary, estimates: list[Estimate]
) -> Iterator[str]:
    groups = np.count_nonzero(estimate_request.groups.episodes) if estimate_request.groups else 0
    if groups * SMALL_GROUP > summary.gain.n:
        yield (
            "the mean of a group includes the episode itself, which shrinks the estimate by about "
            f"{groups / summary.gain.n:.0%} here ({summary.gain.n:,} episodes, groups: {groups:,})"
        )
    if summary.n_truncated:
        yield (
            f"{summary.n_truncated:,} episodes were cut: the estimates miss the rewards after the "
            "cut, the exact gradient does not"
        )
    unknown_error = next(
        (one.unknown_error for one in reversed(estimates) if one.unknown_error is not None), None
    )
    if unknown_error is not None and unknown_error.any():
        yield (
            f"{np.count_nonzero(unknown_error):,} parameters have no standard error: one half of "
            "the episodes has fewer than two with some action of the parameter's state"
        )


def _facts(
    setup: GradientSetup,
    request: GradientRequest,
    estimate_request: EstimateRequest,
    summary: EstimateSummary,
    estimates: list[Estimate],
) -> dict[str, Fact]:
    """Return the facts of the estimates; the words are those of `report.by_form`."""
    exact, play = setup.exact, setup.play
    mean, variance = (float(part[0]) for part in summary.gain.less(0.0))
    rows = {name: column.values for name, column in by_form(setup, request, estimates).items()}
    facts: dict[str, Fact] = {
        "method": "policy gradient theorem",
        **play.facts(),
        "episodes": summary.gain.n,
        "steps": summary.n_steps,
        "truncated": summary.n_truncated,
        "batch": request.batch,
        "baseline": request.baseline,
        "groups": int(np.count_nonzero(estimate_request.groups.episodes))
        if estimate_request.groups
        else None,
        "critic": request.critic,
        "discount_weight": request.discount_weight,
        "objective": exact.objective,
        "objective_estimated": mean,
        "objective_se": float(np.sqrt(variance / summary.gain.n)),
        "gradient_norm": norm(exact.gradient),
        "surrogate_exact": surrogates(setup, request, rows["form"]),
    }
    shown = ("surrogate", "variance", "ratio", "norm", "cosine", "noise_scale", "batch_distance")
    for name in shown:
        if name in rows and (name != "ratio" or request.form == "all"):
            facts[name] = dict(zip(rows["form"], map(float, rows[name]), strict=True))
    if not request.discount_weight:
        facts |= _bias(setup)
    return facts | {"statement": _statement(setup, estimates, biased=not request.discount_weight)}


def _bias(setup: GradientSetup) -> dict[str, Fact]:
    """Return the distance between the expected estimate without γ^t and the gradient."""
    exact, weight = setup.exact, setup.play.policy.weight
    try:
        without = expected_without_discount_weight(setup.mdp, weight, setup.start, exact.advantage)
    except InputError:
        return {"bias": None}
    return {
        "bias": norm(without - exact.gradient),
        "cosine_without_weight": cosine(without, exact.gradient),
    }


def _statement(setup: GradientSetup, estimates: list[Estimate], *, biased: bool) -> str:
    """Return a sentence a form: the surrogate is not J, and its gradient estimates ∇J."""
    sentences = []
    for one in estimates:
        distance = norm(one.gradient - setup.exact.gradient)
        standard_error = float(np.sqrt(one.variance.sum() / one.n))
        why = ", biased without the factor γ^t" if biased and one.form != "trajectory" else ""
        sentences.append(
            f"({one.form}) the surrogate Ĵ = {one.surrogate:.4g} is not J = "
            f"{setup.exact.objective:.4g}; its gradient{why} is {distance:.2g} away from ∇J, "
            f"with a standard error of about {standard_error:.2g}"
        )
    return ". ".join(sentences)

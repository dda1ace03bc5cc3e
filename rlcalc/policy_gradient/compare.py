"""Estimates of the policy gradient in several forms, with the exact one beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np

from rlcalc.errors import InputError
from rlcalc.policy_gradient.estimate import Estimate, EstimateRequest, Summary
from rlcalc.policy_gradient.exact import expected_without_discount_weight
from rlcalc.policy_gradient.logged_episodes import LoggedEpisodes, recoded
from rlcalc.policy_gradient.report import by_form, by_parameter, cosine, norm
from rlcalc.policy_gradient.request import GradientRequest
from rlcalc.policy_gradient.setup import Episodes, GradientSetup
from rlcalc.policy_gradient.surrogate import surrogates
from rlcalc.result import Fact, Result
from rlcalc.simulation.play import Watch
from rlcalc.trajectories import Trajectories


def gradient(
    at: GradientSetup,
    question: GradientRequest,
    data: LoggedEpisodes | None = None,
    watch: Watch = lambda items, done: items,
) -> Result:
    """Return estimates of the policy gradient, with the exact one beside them.

        ∇J(θ) = E[Σ_t ∇ log π(a_t|s_t) Ψ_t],   ∂J/∂θ(s,a) = d_γ(s) π(a|s) A(s,a)

    Args:
        at: the policy, and the model.
        question: which forms, and how.
        data: episodes to use instead of playing.
        watch: sees batches go by, and how many episodes each holds.

    Raises:
        InputError: gamma is 1 and nothing ends, or episodes are none of the model's.
    """
    said: list[str] = []
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite shows as no answer
        episodes = partial(_played, at, watch) if data is None else _told(at, question, data, said)
        plan, summary, found = at.estimated(question, episodes)
        facts = _facts(at, question, plan, summary, found)
        if data is not None:
            facts |= {"seed": None, "max_steps": None, "weighted_episodes": summary.n_weighted}
        each_form = question.rows == "variance"
        table = by_form(at, question, found) if each_form else by_parameter(at, found)
    return Result(
        command="gradient",
        title=f"Policy gradient: {at.mdp.name}" if at.mdp.name else "Policy gradient",
        columns=table,
        facts=facts,
        notes=[*said, *_notes(plan, summary, found)],
    )


def _played(at: GradientSetup, watch: Watch) -> Iterable[Trajectories]:
    return watch(at.play.trajectories(), len)


def _told(
    at: GradientSetup, question: GradientRequest, data: LoggedEpisodes, said: list[str]
) -> Episodes:
    """Return what gives the episodes of data, and take down what their reader says."""

    def episodes() -> Iterator[Trajectories]:
        experience = data.load()
        yield from recoded(experience, at.mdp)
        said[:] = experience.notes
        if experience.gamma is not None and experience.gamma != at.play.gamma:
            said.append(
                f"gamma is {at.play.gamma:g}, that of the gradient; the data say "
                f"{experience.gamma:g}"
            )

    if data.lasts or question.looks == 1:
        return episodes
    held = list(episodes())
    return lambda: held


SMALL_GROUP = 20
"""Episodes of a group, on average, below which its mean takes off much of what it should leave."""


def _notes(plan: EstimateRequest, summary: Summary, found: list[Estimate]) -> Iterator[str]:
    groups = np.count_nonzero(plan.groups.episodes) if plan.groups else 0
    if groups * SMALL_GROUP > summary.gain.n:
        yield (
            "the mean of a group holds the episode itself, which shrinks the estimate by some "
            f"{groups / summary.gain.n:.0%} here ({summary.gain.n:,} episodes, groups: {groups:,})"
        )
    if summary.n_truncated:
        yield (
            f"{summary.n_truncated:,} episodes were cut: their estimates miss what follows, the "
            "exact gradient does not"
        )
    unsure = next((one.unsure for one in reversed(found) if one.unsure is not None), None)
    if unsure is not None and unsure.any():
        yield (
            f"{np.count_nonzero(unsure):,} parameters have no error: half of the episodes met an "
            "action of their state less than twice, too little to judge it by"
        )


def _facts(
    at: GradientSetup,
    question: GradientRequest,
    plan: EstimateRequest,
    summary: Summary,
    found: list[Estimate],
) -> dict[str, Fact]:
    """Return what explains the estimates; the words are those of `tables.by_form`."""
    wanted, play = at.exact, at.play
    mean, variance = (float(part[0]) for part in summary.gain.less(0.0))
    rows = {name: column.values for name, column in by_form(at, question, found).items()}
    facts: dict[str, Fact] = {
        "method": "policy gradient theorem",
        **play.facts(),
        "episodes": summary.gain.n,
        "steps": summary.n_steps,
        "truncated": summary.n_truncated,
        "batch": question.batch,
        "baseline": question.baseline,
        "groups": int(np.count_nonzero(plan.groups.episodes)) if plan.groups else None,
        "critic": question.critic,
        "discount_weight": question.discount_weight,
        "objective": wanted.objective,
        "objective_estimated": mean,
        "objective_se": float(np.sqrt(variance / summary.gain.n)),
        "gradient_norm": norm(wanted.gradient),
        "surrogate_exact": surrogates(at, question, rows["form"]),
    }
    told = ("surrogate", "variance", "ratio", "norm", "cosine", "noise_scale", "batch_distance")
    for name in told:
        if name in rows and (name != "ratio" or question.form == "all"):
            facts[name] = dict(zip(rows["form"], map(float, rows[name]), strict=True))
    if not question.discount_weight:
        facts |= _bias(at)
    return facts | {"statement": _statement(at, found, biased=not question.discount_weight)}


def _bias(at: GradientSetup) -> dict[str, Fact]:
    """Return how far what is estimated without γ^t is from the gradient."""
    wanted = at.exact
    advantage = wanted.action_value - wanted.value[at.mdp.expected.pair_state]
    try:
        without = expected_without_discount_weight(
            at.mdp, at.play.policy.weight, at.start, advantage
        )
    except InputError:
        return {"bias": None}
    return {
        "bias": norm(without - wanted.gradient),
        "cosine_without_weight": cosine(without, wanted.gradient),
    }


def _statement(at: GradientSetup, found: list[Estimate], *, biased: bool) -> str:
    """Return what the surrogate is not and its gradient is, of each form."""
    said = []
    for one in found:
        away = norm(one.gradient - at.exact.gradient)
        usual = float(np.sqrt(one.variance.sum() / one.n))
        why = ", biased without the factor γ^t" if biased and one.form != "trajectory" else ""
        said.append(
            f"({one.form}) the surrogate Ĵ = {one.surrogate:.4g} is not J = "
            f"{at.exact.objective:.4g}; its gradient{why} is {away:.2g} away from ∇J, of which "
            f"errors are some {usual:.2g}"
        )
    return ". ".join(said)

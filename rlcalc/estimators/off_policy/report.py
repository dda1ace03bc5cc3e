"""Evaluations → rows of methods, their differences, facts and notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import listed, shown
from rlcalc.estimators.off_policy.evaluated import Estimated
from rlcalc.estimators.off_policy.evaluation import Evaluated
from rlcalc.estimators.off_policy.gates import (
    Interval,
    difference_of,
    interval_of,
    plain_interval,
)
from rlcalc.estimators.off_policy.log import PolicyLog
from rlcalc.estimators.off_policy.request import EvaluateRequest, Method
from rlcalc.estimators.off_policy.weights import WeightsOfLog
from rlcalc.numerics.intervals import standard_errors_apart
from rlcalc.result import Column, Fact, Result

if TYPE_CHECKING:
    from rlcalc.charts import Chart


def method_rows(
    answers: Sequence[Evaluated], request: EvaluateRequest, *, side_by_side: bool = False
) -> Result:
    """Return the values that methods give, a row each; with two policies their differences too.

    Args:
        answers: of one policy, or of two.
        request: the methods, and the confidence.
        side_by_side: name the policy in each row.
    """
    rows: dict[str, list[Any]] = {}
    for answer in answers:
        for method in request.methods:
            one = interval_of(
                answer.estimates[method.text], method, answer.trust, request, answer.episodes
            )
            _add(rows, answer.name, method, one, answer.trust.weights_of(method))
            if any(a.exact is not None for a in answers):
                apart = standard_errors_apart(one.value, one.error, answer.exact)
                rows.setdefault("errors_apart", []).append(apart)
    if len(answers) == 2:
        first, second = answers
        for method in request.methods:
            one = difference(first, second, method, request)
            _add(rows, f"{first.name} − {second.name}", method, one, None)
            if "errors_apart" in rows:
                exact = _exact_difference(first, second)
                rows["errors_apart"].append(standard_errors_apart(one.value, one.error, exact))
    keys = ["policy"] if side_by_side else []
    roles: dict[str, Any] = {
        **dict.fromkeys(["policy", "method"], "key"),
        **dict.fromkeys(["ess", "largest_share"], "bound"),  # of one policy they are facts
        "se": "error",
        "needs": "text",
    }
    symbols = {"errors_apart": "errors apart", "z_weight": "z(ρ)"}
    order = [*keys, *(name for name in rows if name != "policy")]

    def charts() -> list[Chart]:
        from rlcalc.estimators.off_policy.charts import method_chart

        exact = {answer.name: answer.exact for answer in answers}
        return method_chart(rows, exact, answers[0].gain.value)

    return Result(
        command="evaluate",
        title="Off-policy evaluation",
        columns={
            name: Column(rows[name], roles.get(name, "value"), symbols.get(name, ""))
            for name in order
        },
        facts=facts_of(answers, request),
        notes=notes_of(answers, request),
        charts=charts,
    )


def _add(
    rows: dict[str, list[Any]],
    policy: str,
    method: Method,
    one: Interval,
    weights: WeightsOfLog | None,
) -> None:
    entries = {
        "policy": policy,
        "method": method.text,
        "value": one.value,
        "se": one.error,
        "low": one.low,
        "high": one.high,
        "z_weight": np.nan if weights is None else weights.met.z,
        "ess": np.nan if weights is None else weights.met.ess,
        "largest_share": np.nan if weights is None else weights.met.largest_share,
        "needs": one.needs,
    }
    for name, entry in entries.items():
        rows.setdefault(name, []).append(entry)


def difference(
    first: Evaluated, second: Evaluated, method: Method, request: EvaluateRequest
) -> Interval:
    """Return the difference of two policies, whose estimates come from the same episodes.

    se² = E/(E−1) Σ_e (IF_e − IF'_e)²: what both share cancels.
    """
    one, two = (answer.estimates[method.text] for answer in (first, second))
    moved = Estimated(one.value - two.value, one.influence - two.influence)
    parts = [
        interval_of(a.estimates[method.text], method, a.trust, request, a.episodes)
        for a in (first, second)
    ]
    fits = [None if a.trust.fit is None else a.trust.fit.degrees for a in (first, second)]
    degrees = [None if method.needs_weights else fit for fit in fits]
    return difference_of(moved, parts, degrees, request.confidence)


def _exact_difference(first: Evaluated, second: Evaluated) -> float | None:
    if first.exact is None or second.exact is None:
        return None
    return first.exact - second.exact


def facts_of(answers: Sequence[Evaluated], request: EvaluateRequest) -> dict[str, Fact]:
    """Return the facts: the behaviour policy's value, the weights, and what the log lacks."""
    answer = answers[0]
    log, gain = answer.log, answer.gain
    experience = log.passes.experience
    plain = plain_interval(gain, request.confidence)

    def each(value: Any) -> Any:
        """One value, or with two policies one for each."""
        if len(answers) == 1:
            return value(answer)
        return {one.name: value(one) for one in answers}

    facts: dict[str, Fact] = {
        "exact_value": each(lambda a: a.exact),
        "behaviour_value": gain.value,
        "behaviour_value_se": gain.error,
        "behaviour_value_low": plain.low,
        "behaviour_value_high": plain.high,
        "policy": answer.name if len(answers) == 1 else ", ".join(a.name for a in answers),
        "behaviour": log.behaviour_text,
        "gamma": log.gamma,
        "horizon": request.horizon,
        "confidence": request.confidence,
        "episodes": len(answer.episodes["gain"]),
        "steps": int(answer.episodes["length"].sum()),
    }
    if len(answers) > 1 and answer.exact is None:
        facts["exact_value"] = None
    if answer.trust.episode is not None:
        names = {
            "weight_mean": "mean",
            "weight_mean_se": "error",
            "weight_z": "z",
            "ess": "ess",
            "largest_weight": "largest",
            "largest_share": "largest_share",
            "largest_episode": "largest_episode",
        }
        facts |= {
            fact: each(lambda a, name=name: getattr(a.trust.episode.met, name))
            for fact, name in names.items()
        }
        facts["expected_ess"] = each(lambda a: a.trust.episode.expected_ess)
    if isinstance(log, PolicyLog):
        facts |= {
            "unsupported": each(lambda a: a.log.n_unsupported),
            "unsupported_share": each(lambda a: a.log.unsupported_share),
            "states": len(log.model.state),
            "pairs": len(log.model.pair),
            **log.counted.facts,
        }
    return facts | {
        "left_out": dict(experience.left_out),
        "oddities": dict(experience.oddities),
    }


def notes_of(answers: Sequence[Evaluated], request: EvaluateRequest) -> list[str]:
    """Return the notes: on the reader, on truncated trajectories, and on what the log lacks."""
    log = answers[0].log
    notes = [*log.passes.experience.notes, *log.notes]
    for answer in answers:
        of = f"{shown(answer.name)}: " if len(answers) > 1 else ""
        if isinstance(answer.log, PolicyLog) and not answer.log.is_identified:
            one = answer.log
            names = listed(one.unsupported_names(), total=one.n_unsupported)
            range_ = (
                "the range from --bound takes the least and the largest gain for what follows"
                if request.bound
                else "its value is a range: --bound LOW:HIGH, the limits of a gain, gives it"
            )
            notes.append(
                f"{of}the policy takes actions that the log never has where it goes: {names}; "
                f"{100 * one.unsupported_share:.3g} % of its visits end there, and {range_}"
            )
    weighs = answers[0].trust.episode is not None
    if weighs:
        notes.append(
            "the mean weight is 1 if all is well; ess counts what the log shows, and cannot know "
            "of heavy episodes that it lacks"
        )
    return notes

"""Trajectories and a critic → the advantages of every step, with facts about the critic."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.advantages import METHODS, OFF_POLICY
from rlcalc.estimators.advantages.critic_facts import CriticFacts, summary_rows
from rlcalc.estimators.advantages.critic_steps import StepNotes, critic_steps, require, with_ratios
from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps
from rlcalc.estimators.truncation import discount_of
from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.numerics.spread import Spread
from rlcalc.result import Column, Result
from rlcalc.trajectories import Experience, Trajectories, concatenate, names_of_steps, nothing

if TYPE_CHECKING:
    from rlcalc.charts import Chart


def compute(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return the advantages that a method gives."""
    module = importlib.import_module(f"rlcalc.estimators.advantages.{METHODS[request.method]}")
    answer: Advantages = module.estimate(steps, request)
    return answer


Prepare = Callable[[Trajectories], tuple[Trajectories, Floats | None]]
"""A piece → the piece with the values of a critic, and [T] π(a_t|s_t), if it is not logged."""


def advantage(
    experience: Experience,
    request: AdvantageRequest,
    gamma: float | None = None,
    prepare: Prepare | None = None,
) -> Result:
    """Return the advantage of every step, one row a step, in the order of the source.

    Args:
        experience: with the values of a critic. A summary takes the memory of a piece; rows of
            steps are all kept.
        request: the method.
        gamma: 0..1 a step; default the discount factor of the source, else 1.
        prepare: gives the values of a critic, or of a policy, that the source does not hold.

    Raises:
        InputError: a value or a probability is missing or impossible, or gamma is not in 0..1.

    Source: Schulman et al. (2016); each method has its own.
    """
    pieces = experience.pieces()
    first = next(pieces, None)
    discount = discount_of(experience, gamma)
    empty = nothing(experience.states, experience.actions)
    facts, notes = CriticFacts(), StepNotes()
    parts: list[Trajectories] = []
    columns: dict[str, list[Floats]] = {}
    before = 0
    for source in chain([empty if first is None else first], pieces):
        batch, policy = (source, None) if prepare is None else prepare(source)
        steps, used = critic_steps(batch, request, discount, notes, before)
        if request.method in OFF_POLICY:
            steps = with_ratios(batch, steps, request, policy, before)
        with np.errstate(over="ignore", invalid="ignore"):
            answer = compute(steps, request)
        require(
            batch,
            before,
            np.isfinite(answer.advantage) | ~used,
            "an advantage overflows",
            "divide all rewards and values by the same large number",
        )
        facts.add(batch, steps, answer, used, request)
        values = values_of_steps(batch, steps, answer, used)
        if request.rows == "summary":
            facts.add_spreads(values)
        else:
            parts.append(replace(batch, **WITHOUT_VALUES))
            for name, array in values.items():
                columns.setdefault(name, []).append(array)
        before += batch.n_steps
    experience.require_one_gamma(gamma, discount)
    title = {"n-step": f"{request.k}-step advantage"}.get(request.method, "Advantage")
    if request.rows == "summary":
        spreads = {name: facts.spreads[name] for name in SYMBOLS if name in facts.spreads}
        by, scale = _whitening(spreads["advantage"], request.whiten)
        spreads["advantage"] = spreads["advantage"].moved(by, scale)
        result = summary_rows(title, spreads)
    else:
        whole = {name: np.concatenate(columns.pop(name)) for name in SYMBOLS if name in columns}
        if request.whiten != "none":
            by, scale = _whitening(Spread.of(whole["advantage"]), request.whiten)
            whole["advantage"] = (whole["advantage"] - by) / scale
        result = _step_rows(title, experience, concatenate(parts), whole)
    counted = {
        "left_out": dict(experience.left_out),
        "oddities": dict(experience.oddities),
    }
    return replace(
        result,
        facts={**facts.facts(request, discount), **counted},
        notes=[*experience.notes, *notes.texts()],
    )


STEP_VALUES = (
    "value",
    "next_value",
    "last_value",
    "advantage",
    "action_value",
    "log_prob",
    "old_log_prob",
    "behaviour_prob",
)
WITHOUT_VALUES: dict[str, Any] = dict.fromkeys(STEP_VALUES)
"""What a piece need not keep: `values_of_steps` has taken of it what the rows show."""

SYMBOLS = {
    "reward": "r",
    "value": "V",
    "next_value": "V'",
    "td_error": "δ",
    "advantage": "A",
    "target": "",
    "q": "Q",
    "ratio": "π/b",
    "trainer_advantage": "A (trainer)",
}
"""The quantities of steps in the order of their columns, and their symbols."""


def values_of_steps(
    batch: Trajectories, steps: CriticSteps, answer: Advantages, used: Flags
) -> dict[str, Floats]:
    """Return [T] each quantity; NaN for what depends on the step after one that does not count."""
    known = {
        "reward": batch.reward,
        "value": steps.value,
        "q": steps.action_value,
        "ratio": steps.ratio,
        "trainer_advantage": batch.advantage,
    }
    computed = {
        "next_value": steps.next_value,
        "td_error": steps.td_error,
        "advantage": answer.advantage,
        "target": answer.target,
    }
    if not used.all():
        computed = {name: np.where(used, array, np.nan) for name, array in computed.items()}
    return {name: array for name, array in (known | computed).items() if array is not None}


def _whitening(values: Spread, how: str) -> tuple[float, float]:
    """Return the mean and the divisor of whitening: ddof1 as verl, ddof0 as OpenRLHF."""
    if how == "none":
        return 0.0, 1.0
    if values.n < 2:
        raise InputError(
            "one step cannot be whitened", fix="leave out --whiten, or give two steps or more"
        )
    if how == "ddof1":
        return values.mean, float(np.sqrt(values.variance(1) + 1e-8))
    return values.mean, float(np.sqrt(max(values.variance(), 1e-8)))


def _step_rows(
    title: str, experience: Experience, batch: Trajectories, values: Mapping[str, Floats]
) -> Result:
    order = batch.source_order
    time = batch.time_since_start if batch.time is None else batch.time
    labels = {
        "state": (experience.states, batch.state),
        "action": (experience.actions, batch.action),
    }

    def charts() -> Sequence[Chart]:
        from rlcalc.estimators.advantages.charts import advantage_charts

        return advantage_charts(batch, time, values["advantage"], title)

    return Result(
        command="advantage",
        title=title,
        columns={
            "trajectory": Column(names_of_steps(batch)[order], "key"),
            "t": Column(time[order], "key"),
            **{
                name: Column(
                    known.named(codes[order]) if len(known) else [None] * batch.n_steps, "key"
                )
                for name, (known, codes) in labels.items()
            },
            **{name: Column(array[order], symbol=SYMBOLS[name]) for name, array in values.items()},
        },
        facts={},
        charts=charts,
    )

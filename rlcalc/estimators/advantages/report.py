"""Trajectories and a critic → the advantages of every step, with facts about the critic."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.advantages import METHODS, OFF_POLICY
from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps
from rlcalc.estimators.traces import decayed_sum
from rlcalc.estimators.truncation import discount_of
from rlcalc.numerics.arrays import Flags, Floats, segment_sums
from rlcalc.result import Column, Result
from rlcalc.trajectories import Experience, Trajectories, contradicting_values, trajectory_names

if TYPE_CHECKING:
    from rlcalc.charts import Chart


def compute(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return the advantages that a method gives."""
    module = importlib.import_module(f"rlcalc.estimators.advantages.{METHODS[request.method]}")
    answer: Advantages = module.estimate(steps, request)
    return answer


def advantage(
    experience: Experience,
    request: AdvantageRequest,
    gamma: float | None = None,
    policy: Floats | None = None,
) -> Result:
    """Return the advantage of every step, one row a step, in the order of the source.

    Args:
        experience: with the values of a critic; all of it is kept in memory, as the result is.
        request: the method.
        gamma: 0..1 a step; default the discount factor of the source, else 1.
        policy: [T] π(a_t|s_t), in the order of `experience.whole()`; default exp(log_prob).

    Raises:
        InputError: a value or a probability is missing or impossible, or gamma is not in 0..1.

    Source: Schulman et al. (2016); each method has its own.
    """
    batch = experience.whole()
    discount = discount_of(experience, gamma)
    experience.require_one_gamma(gamma, discount)
    steps, used, notes = critic_steps(batch, request, discount)
    if request.method in OFF_POLICY:
        steps = _with_ratios(batch, steps, request, policy)
    with np.errstate(over="ignore", invalid="ignore"):
        answer = compute(steps, request)
    _require(
        batch,
        used,
        np.isfinite(answer.advantage),
        "an advantage overflows",
        "divide all rewards and values by the same large number",
    )
    whitened = _whitened(answer.advantage, used, request.whiten)
    facts = _facts(batch, steps, answer, used, request)
    left_out = {
        "left_out": dict(experience.left_out),
        "oddities": dict(experience.oddities),
    }
    result = _rows(experience, batch, steps, replace(answer, advantage=whitened), used, request)

    def charts() -> Sequence[Chart]:
        from rlcalc.estimators.advantages.charts import advantage_charts

        time = batch.time_since_start if batch.time is None else batch.time
        return advantage_charts(batch, time, np.where(used, whitened, np.nan), result.title)

    facts |= left_out
    return replace(result, facts=facts, notes=[*experience.notes, *notes], charts=charts)


def critic_steps(
    batch: Trajectories, request: AdvantageRequest, gamma: float
) -> tuple[CriticSteps, Flags, list[str]]:
    """Return the steps with V(s_t) and V(s_{t+1}), which steps count, and notes.

    A terminated end is followed by 0, also where it is truncated too. A truncated end is followed
    by `last_value`; an end without a flag is a cut if that is known.

    Raises:
        InputError: a value is missing.
    """
    if batch.value is None:
        raise InputError(
            "the steps have no values of a critic",
            fix="add a column value, name it (--value COLUMN), or give a critic: --value FILE with "
            "the columns state and v, or --value exact:MODEL",
        )
    used = np.ones(batch.n_steps, dtype=bool)
    last = batch.start[1:] - 1
    _require(
        batch,
        used,
        ~np.isnan(batch.value),
        "a value is missing",
        "give every step a value, or name a critic of its states with --value FILE",
    )
    after = np.full(len(batch), np.nan) if batch.last_value is None else batch.last_value
    notes: list[str] = []
    cut = ~batch.terminated & ~np.isnan(after)
    missing = ~batch.terminated & np.isnan(after)
    flagless = missing & ~batch.truncated
    if request.unknown_end == "cut":
        used[last[missing]] = False
    elif request.unknown_end is None and (missing & batch.truncated).any():
        row = _row(batch, int(last[missing & batch.truncated][0]))
        raise InputError(
            f"{int((missing & batch.truncated).sum()):,} trajectories were truncated, and the "
            "value of the state after the cut is not known",
            f"row {row}",
            "add a column next_value; or give next_state and a critic of states (--value FILE); "
            "or add --unknown-end cut, which bootstraps from the value of the last row",
        )
    elif request.unknown_end is None and flagless.any():
        notes.append(
            f"{int(flagless.sum()):,} trajectories do not say how they ended: they count as "
            "terminated, see --unknown-end"
        )
    next_value = np.empty(batch.n_steps)
    next_value[:-1] = batch.value[1:]
    if batch.next_value is not None:
        known = ~np.isnan(batch.next_value)
        wrong = contradicting_values(batch)
        if len(wrong):
            notes.append(
                f"next_value contradicts the value of the next row in {len(wrong):,} steps, "
                f"first in row {_row(batch, int(wrong[0]))}: next_value is used"
            )
        next_value = np.where(known, batch.next_value, next_value)
    next_value[last] = np.where(cut, after, 0.0)
    reward = batch.reward
    if request.unknown_end == "cut" and missing.any():  # V(s_n) is the tail of the step before
        gone = last[missing]
        reward = reward.copy()
        reward[gone] = batch.value[gone]
        cut = cut | missing
    taken = batch.action_value if request.needs_action_values else None
    steps = CriticSteps(batch.start, reward, batch.value, next_value, gamma, cut, taken)
    return steps, used, notes


def _row(batch: Trajectories, step: int) -> int:
    return step + 1 if batch.row is None else int(batch.row[step]) + 1


def _require(batch: Trajectories, used: Flags, fine: Flags, what: str, fix: str) -> None:
    wrong = np.flatnonzero(used & ~fine)
    if len(wrong):
        raise InputError(
            f"{what} in {len(wrong):,} steps", f"row {_row(batch, int(wrong[0]))}", fix
        )


def _with_ratios(
    batch: Trajectories, steps: CriticSteps, request: AdvantageRequest, policy: Floats | None
) -> CriticSteps:
    """Return the steps with π(a_t|s_t) and its ratio to b(a_t|s_t)."""
    everywhere = np.ones(batch.n_steps, dtype=bool)
    if request.method != "vtrace" and batch.action_value is None:
        raise InputError(
            f"{request.method} needs the values of actions",
            fix="add a column q with Q(s_t, a_t), or --value FILE with state, action and q",
        )
    if policy is None and batch.log_prob is None:
        raise InputError(
            f"{request.method} needs the probability of each action under the policy",
            fix="add a column log_prob, or give the policy: --policy FILE",
        )
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        log_pi = np.log(policy) if policy is not None else batch.log_prob
        assert log_pi is not None
        log_b = batch.old_log_prob
        if batch.behaviour_prob is not None:
            log_b = np.log(batch.behaviour_prob)
        elif log_b is None and policy is not None:
            log_b = batch.log_prob
        if log_b is None and request.method == "tree-backup":
            log_b = log_pi
        if log_b is None:
            raise InputError(
                f"{request.method} needs the probability with which each action was taken",
                fix="add a column behaviour_prob or old_log_prob",
            )
        ratio = np.exp(log_pi - log_b)
    if request.method != "tree-backup":
        _require(
            batch,
            everywhere,
            np.isfinite(ratio),
            "the ratio π/b is not a finite number",
            "correct the probabilities of these rows, or leave them out",
        )
    return replace(steps, ratio=ratio, probability=np.exp(log_pi))


def _whitened(values: Floats, used: Flags, how: str) -> Floats:
    """Return values of mean 0 and deviation 1: ddof1 as verl, ddof0 as OpenRLHF."""
    if how == "none":
        return values
    chosen = values[used]
    if len(chosen) < 2:
        raise InputError(
            "one step cannot be whitened", fix="leave out --whiten, or give two steps or more"
        )
    mean = chosen.mean()
    variance = float(chosen.var(ddof=how == "ddof1"))
    scale = np.sqrt(variance + 1e-8) if how == "ddof1" else np.sqrt(max(variance, 1e-8))
    answer: Floats = (values - mean) / scale
    return answer


def _facts(
    batch: Trajectories,
    steps: CriticSteps,
    answer: Advantages,
    used: Flags,
    request: AdvantageRequest,
) -> dict[str, Any]:
    target, error = answer.target[used], steps.td_error[used]
    spread = float(target.var()) if len(target) else 0.0
    mean = float(error.mean()) if len(error) else np.nan
    moved = np.where(used, steps.td_error - mean, 0.0)
    per_trajectory = segment_sums(moved, batch.start)
    n, e = int(used.sum()), len(batch)
    squares = float(per_trajectory @ per_trajectory)
    weight = _weights(steps, answer, request)
    leans = used & (weight > 0)
    ended = {
        "terminated": int(batch.terminated.sum()),
        "truncated": int((batch.truncated & ~batch.terminated).sum()),
    }
    uses_lambda = request.method in ("gae", "lambda", *OFF_POLICY)
    return {
        "method": f"n-step:{request.k}" if request.method == "n-step" else request.method,
        "gamma": steps.gamma,
        "lambda": request.lambda_ if uses_lambda else None,
        "trajectories": e,
        "steps": batch.n_steps,
        **ended,
        "unknown": e - sum(ended.values()),
        "steps_not_used": batch.n_steps - n or None,
        "explained_variance": 1 - float((target - steps.value[used]).var()) / spread
        if spread
        else None,
        "td_error_mean": mean,
        "td_error_se": float(np.sqrt(e / (e - 1) * squares)) / n if e > 1 and n else None,
        "bootstrapped": int(leans.sum()),
        "bootstrap_weight": float(weight[leans].mean()) if leans.any() else None,
    }


def _weights(steps: CriticSteps, answer: Advantages, request: AdvantageRequest) -> Floats:
    """[T] the weight (γλ)^k of the value after a cut, k steps on, in the target of a step."""
    at_cut = np.zeros(len(steps.reward))
    at_cut[steps.last] = steps.cut
    weight = decayed_sum(
        at_cut, steps.gamma * np.asarray(answer.decay) * np.ones(len(at_cut)), steps.start
    )
    if request.method == "n-step":
        left = np.repeat(steps.start[1:], np.diff(steps.start)) - np.arange(len(at_cut))
        weight = np.where(left <= request.k, weight, 0.0)
    return weight


def _rows(
    experience: Experience,
    batch: Trajectories,
    steps: CriticSteps,
    answer: Advantages,
    used: Flags,
    request: AdvantageRequest,
) -> Result:
    title = {"n-step": f"{request.k}-step advantage"}.get(request.method, "Advantage")
    values = {
        "reward": (batch.reward, "r"),
        "value": (steps.value, "V"),
        "next_value": (steps.next_value, "V'"),
        "td_error": (steps.td_error, "δ"),
        "advantage": (answer.advantage, "A"),
        "target": (answer.target, ""),
    }
    if steps.action_value is not None:
        values["q"] = (steps.action_value, "Q")
    if steps.ratio is not None:
        values["ratio"] = (steps.ratio, "π/b")
    if batch.advantage is not None:
        values["trainer_advantage"] = (batch.advantage, "A (trainer)")
    for name in ("next_value", "td_error", "advantage", "target"):
        array, symbol = values[name]
        values[name] = (array if used.all() else np.where(used, array, np.nan), symbol)
    if request.rows == "summary":
        return summary_of(title, {name: array for name, (array, _) in values.items()})
    order = np.arange(batch.n_steps) if batch.row is None else np.argsort(batch.row, kind="stable")
    names = list(range(len(batch))) if batch.name is None else trajectory_names(batch.name)
    time = batch.time_since_start if batch.time is None else batch.time
    labels = {
        "state": (experience.states, batch.state),
        "action": (experience.actions, batch.action),
    }
    return Result(
        command="advantage",
        title=title,
        columns={
            "trajectory": Column([names[e] for e in batch.trajectory[order].tolist()], "key"),
            "t": Column(time[order], "key"),
            **{
                name: Column(
                    known.named(codes[order]) if len(known) else [None] * len(order), "key"
                )
                for name, (known, codes) in labels.items()
            },
            **{
                name: Column(array[order], symbol=symbol)
                for name, (array, symbol) in values.items()
            },
        },
        facts={},
    )


def summary_of(title: str, values: dict[str, Floats]) -> Result:
    """Return one row a quantity: mean, deviation, least and largest."""
    known = [array[~np.isnan(array)] for array in values.values()]

    def of(function: Any) -> list[float]:
        return [float(function(array)) if len(array) else np.nan for array in known]

    return Result(
        command="advantage",
        title=title,
        columns={
            "quantity": Column(list(values), "key"),
            "n": Column([len(array) for array in known], "count"),
            "mean": Column(of(np.mean)),
            "sd": Column(of(np.std)),
            "min": Column(of(np.min)),
            "max": Column(of(np.max)),
        },
        facts={},
    )

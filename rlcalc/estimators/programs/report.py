"""The rows of an answer: what a program computes of every step, and the facts that explain it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from rlcalc.estimators.programs import Program
from rlcalc.estimators.programs.compute import StepAdvantages
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Fact
from rlcalc.tokens import Tokens
from rlcalc.trajectories import Trajectories, names_of_steps


def keys_of_steps(batch: Trajectories, chosen: Ints) -> dict[str, Column]:
    """Return the columns that identify steps; state and action where the source has them."""
    time = batch.time_since_start if batch.time is None else batch.time
    columns = {
        "trajectory": Column(names_of_steps(batch)[chosen], "key"),
        "t": Column(time[chosen], "key"),
    }
    for name, labels, codes in (
        ("state", batch.states, batch.state),
        ("action", batch.actions, batch.action),
    ):
        if len(labels) and (codes >= 0).all():
            columns[name] = Column(labels.named(codes[chosen]), "key")
    return columns


def keys_of_tokens(tokens: Tokens, chosen: Ints) -> dict[str, Column]:
    """Return the columns that identify tokens."""
    columns: dict[str, Column] = {}
    owner = tokens.number[chosen]
    if tokens.group is not None:
        groups = list(tokens.group)
        columns["group"] = Column([groups[i] for i in owner.tolist()], "key")
    names = list(range(len(tokens))) if tokens.rollout is None else list(tokens.rollout)
    columns["trajectory"] = Column([names[i] for i in owner.tolist()], "key")
    columns["t"] = Column(tokens.t[chosen], "key")
    if tokens.token is not None:
        columns["token"] = Column(tokens.token[chosen].tolist(), "key")
    columns["mask"] = Column(tokens.mask[chosen].astype(np.int64), "key")
    return columns


def keys_of(source: Trajectories | Tokens) -> tuple[Ints, Callable[[Ints], dict[str, Column]]]:
    """Return the order of the source, and a function that returns the columns of its keys."""
    if isinstance(source, Tokens):
        return np.arange(len(source.mask)), partial(keys_of_tokens, source)
    order: Ints = np.arange(source.n_steps)[source.source_order]
    return order, partial(keys_of_steps, source)


def ends_of(source: Trajectories | Tokens) -> dict[str, Fact]:
    """Return how many trajectories ended so, or how many tokens count."""
    if isinstance(source, Tokens):
        return {"masked": int((~source.mask).sum())}
    over, cut = source.terminated, source.truncated & ~source.terminated
    return {
        "terminated": int(over.sum()),
        "truncated": int(cut.sum()),
        "unknown": int((~over & ~cut).sum()),
    }


def as_in_source(source: Trajectories | Tokens, answer: StepAdvantages) -> StepAdvantages:
    """Return the answer with r and V as the source has them, of masked tokens too."""
    if not isinstance(source, Tokens):
        return answer
    value = source.value if source.old_value is None else source.old_value
    reward = source.reward
    if reward is None:
        reward = np.nan_to_num(answer.reward, nan=0.0)
    return replace(answer, reward=reward, value=answer.value if value is None else value)


def columns_of(
    answer: StepAdvantages, chosen: Ints, logged: Floats | None = None
) -> dict[str, Column]:
    """Return the columns of what was computed, and what the trainer logged beside it."""
    columns = {
        "reward": Column(answer.reward[chosen], symbol="r"),
        "value": Column(answer.value[chosen], symbol="V"),
        "next_value": Column(answer.next_value[chosen], symbol="V'"),
        "td_error": Column(answer.td_error[chosen], symbol="δ"),
        "advantage": Column(answer.advantage[chosen], symbol="A"),
        "target": Column(answer.target[chosen]),
    }
    if logged is not None:
        columns["trainer_advantage"] = Column(logged[chosen], symbol="A (trainer)")
    return columns


def facts_of(
    answer: StepAdvantages,
    start: Ints,
    gamma: float,
    lambda_: float,
    as_: str | None,
    more: Mapping[str, Fact],
) -> dict[str, Fact]:
    """Return the facts: how it was computed, and how good the critic is.

    `explained_variance` is 1 − Var(target − V) / Var(target); `td_error_se` is clustered by
    trajectory.
    """
    known = np.isfinite(answer.td_error)
    target, value = answer.target[known], answer.value[known]
    spread = float(np.var(target)) if known.any() else 0.0
    error = answer.td_error[known]
    mean = float(error.mean()) if len(error) else float("nan")
    owner = np.repeat(np.arange(len(start) - 1), np.diff(start))[known]
    sums = np.bincount(owner, error - mean, minlength=len(start) - 1)
    clusters = len(np.unique(owner))
    se = float("nan")
    if clusters > 1:
        se = float(np.sqrt(clusters / (clusters - 1) * (sums**2).sum()) / len(error))
    return {
        "method": "gae",
        "as": as_,
        "gamma": gamma,
        "lambda": lambda_,
        "trajectories": len(start) - 1,
        "steps": len(answer.advantage),
        **more,
        "explained_variance": float(1 - np.var(target - value) / spread) if spread > 0 else None,
        "td_error_mean": mean,
        "td_error_se": se,
    }


def bootstrap_facts(weight: Floats) -> dict[str, Fact]:
    """Return how many targets lean on the V after a cut, and with which mean weight (γλ)^k."""
    leans = weight[weight > 0]
    mean = float(leans.mean()) if len(leans) else None
    return {"bootstrapped": len(leans), "bootstrap_weight": mean}


def notes_of(program: Program, as_: str | None, *, is_whitened: bool) -> list[str]:
    """Return sentences about what the program does afterwards, and to the advantages."""
    if as_ is None:
        return []
    notes = []
    if program.later:
        notes.append(f"{as_} {program.later}; that is not applied here")
    if is_whitened:
        notes.append("the advantages are whitened over the whole source; targets are not")
    return notes

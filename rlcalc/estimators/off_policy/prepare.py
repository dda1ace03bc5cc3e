"""The preparation of a log: its transitions are counted, and values are fitted to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rlcalc.errors import InputError, UsageError, shown
from rlcalc.estimators.off_policy import FITTED, more_robust
from rlcalc.estimators.off_policy.behaviour import Behaviour
from rlcalc.estimators.off_policy.halves import counted_log
from rlcalc.estimators.off_policy.log import PolicyLog, Values
from rlcalc.estimators.off_policy.logged import LoggedPolicyLog
from rlcalc.estimators.off_policy.pieces import Piece
from rlcalc.estimators.off_policy.request import Method, Solvers
from rlcalc.estimators.off_policy.target import (
    FittedValues,
    PolicyTable,
    TargetModel,
    TargetWeights,
)
from rlcalc.estimators.off_policy.times import TimeSums
from rlcalc.estimators.passes import Passes
from rlcalc.estimators.transitions import CountedTransitions, TransitionSummary
from rlcalc.estimators.visits import ACTION_BITS
from rlcalc.numerics.arrays import Floats, weighted_counts

Log = PolicyLog | LoggedPolicyLog


def policy_logs(
    passes: Passes,
    policies: Sequence[PolicyTable],
    behaviour: Behaviour,
    given: Values | None,
    gamma: float | None,
    truncated: str,
    horizon: int | None,
    tools: Solvers,
    *,
    visits_alone: bool,
) -> Iterator[PolicyLog]:
    """Yield the log for each of some policies; its transitions are counted once.

    Args:
        passes: over the log.
        policies: π by the texts of states and actions.
        behaviour: where b(a|s) comes from.
        given: Q̂; None: that of the model which the log shows.
        gamma: 0..1 a step; default the discount factor of the source, else 1.
        truncated: `keep`, `drop` or `bootstrap`.
        horizon: the number of rewards that count; None: all.
        tools: the engine, and what solves linear systems.
        visits_alone: whether no method needs the value of the policy in the model of the log.

    Raises:
        UsageError: the policy for truncated trajectories does not apply.
        InputError: a policy lacks a state of the log, or its values do not exist.
    """
    counted, halves = counted_log(passes, gamma, truncated, tools.engine)
    for policy in policies:
        yield _policy_log(
            passes, counted, halves, policy, behaviour, given, horizon, tools, visits_alone
        )


def _policy_log(
    passes: Passes,
    counted: CountedTransitions,
    halves: Sequence[TransitionSummary | None],
    policy: PolicyTable,
    behaviour: Behaviour,
    given: Values | None,
    horizon: int | None,
    tools: Solvers,
    visits_alone: bool,
) -> PolicyLog:
    labels = passes.experience
    model, gamma = counted.model, counted.gamma
    target = TargetWeights.of(policy, model, labels.states, labels.actions)
    if horizon is None:
        solution = TargetModel.of(
            model, target, gamma, tools, labels.states, visits_alone=visits_alone
        )
    else:
        solution = TargetModel.over_steps(model, target, gamma, horizon)
    if given is None:
        of_others = (halves[1], halves[0])
        first, second = (FittedValues.of(h, model, target, gamma, tools) for h in of_others)
    else:
        first = second = _given_values(given, policy, counted, passes)
    return PolicyLog(
        passes,
        counted,
        policy,
        target,
        solution,
        (first, second),
        behaviour,
        given is not None,
        horizon=horizon,
    )


def _given_values(
    given: Values, policy: PolicyTable, counted: CountedTransitions, passes: Passes
) -> FittedValues:
    """Return Q̂ that is given, and V̂ = Σ π Q̂.

    Raises:
        InputError: a pair has no value.
    """
    states, actions, model = passes.experience.states, passes.experience.actions, counted.model

    def entry(state: str, action: str) -> float:
        value = given.get(state, {}).get(action)
        if value is None:
            raise InputError(
                f"Q̂ has no entry of action {shown(action)} in state {shown(state)}",
                "--value",
                "add a row for it (columns state, action and q)",
            )
        return value

    texts = [states.texts[code] for code in model.state.tolist()]
    value = [sum(p * entry(s, a) for a, p in policy[s].items() if p) for s in texts]
    pair_state = model.expected.pair_state.tolist()
    action = (model.pair & ((1 << ACTION_BITS) - 1)).tolist()
    q = [entry(texts[s], actions.texts[a]) for s, a in zip(pair_state, action, strict=True)]
    return FittedValues(np.array(value, np.float64), np.array(q, np.float64))


def with_times(log: Log, tools: Solvers) -> Log:
    """Return the log with its sums by time, from a pass over it."""

    def work(piece: Piece) -> TimeSums:
        steps = log.steps(piece)
        return TimeSums.of(
            steps.time, steps.cumulative, steps.whole_reward, steps.last, steps.gamma
        )

    whole: TimeSums | None = None
    for part in tools.engine(work, log.pieces()):
        whole = part if whole is None else whole.merge(part)
    return replace(log, times=whole)


def with_robust_values(log: PolicyLog, tools: Solvers) -> PolicyLog:
    """Return the log with the Q̂ of `mrdr`, from a pass over it."""
    if log.given:
        return replace(log, robust=log.fitted)
    size = len(log.model.pair)

    def work(piece: Piece) -> tuple[Floats, Floats]:
        steps = log.steps(piece)
        prepared = log.counted.truncation.apply(piece.trajectories)
        batch = prepared.trajectories
        pairs = log.pairs(batch)
        behaviour = log.behaviour_of(batch, pairs, piece)
        weight = more_robust.fitting_weight(steps.ratio * behaviour, behaviour)
        half = (piece.before + np.flatnonzero(prepared.kept)) % 2  # episodes of one step
        place = half * size + pairs.place[pairs.number]
        total = weighted_counts(place, weight, 2 * size)
        return total, weighted_counts(place, weight * steps.whole_reward, 2 * size)

    sums = [np.zeros(2 * size), np.zeros(2 * size)]
    for part in tools.engine(work, log.pieces()):
        for one, more in zip(sums, part, strict=True):
            one += more
    total, reward = (one.reshape(2, size) for one in sums)
    state_of = log.model.expected.pair_state
    fits = []
    for half in (1, 0):  # each from the other half
        plain = log.fitted[1 - half].action_value
        q = np.where(total[half] > 0, reward[half] / np.maximum(total[half], 1e-300), plain)
        value = weighted_counts(
            state_of.astype(np.int64), log.target.weight * q, len(log.model.state)
        )
        fits.append(FittedValues(value, q))
    return replace(log, robust=(fits[0], fits[1]))


def ready_for(log: Log, methods: Sequence[Method], rows: str, tools: Solvers) -> Log:
    """Return the log with what some methods and rows need beside the counts."""
    names = {method.name for method in methods}
    if "wpdis" in names or rows == "steps":
        log = with_times(log, tools)
    if "mrdr" in names and isinstance(log, PolicyLog):
        log = with_robust_values(log, tools)
    return log


def require_policy_table(methods: Sequence[Method], rows: str) -> None:
    """Refuse methods that need π of actions that were not taken, where there is no table of π.

    Raises:
        UsageError: there is one.
    """
    needy = [m.name for m in methods if m.name in (*FITTED, "ce", "dm")]
    if needy or rows == "states":
        what = f"--method {needy[0]}" if needy else f"--rows {rows}"
        raise UsageError(
            f"{what} needs π of every action, not only of those in the log",
            fix="name the policy: --policy FILE; or use --method pdis,wpdis,is,wis",
        )

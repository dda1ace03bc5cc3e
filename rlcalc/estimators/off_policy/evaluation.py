"""The evaluation of a log: each method's value, and what tells whether to trust it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple

import numpy as np

from rlcalc.errors import InputError, UsageError
from rlcalc.estimators.off_policy import ONE_STEP
from rlcalc.estimators.off_policy.behaviour import Behaviour
from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.gates import Trust
from rlcalc.estimators.off_policy.log import PolicyLog, Values
from rlcalc.estimators.off_policy.logged import LoggedPolicyLog
from rlcalc.estimators.off_policy.pieces import Piece
from rlcalc.estimators.off_policy.prepare import Log, policy_logs, ready_for
from rlcalc.estimators.off_policy.request import EvaluateRequest, Method, Solvers
from rlcalc.estimators.off_policy.steps import PairSums
from rlcalc.estimators.off_policy.target import PolicyTable
from rlcalc.estimators.off_policy.weights import (
    RatioTimes,
    Weights,
    WeightsOfLog,
    second_moment_in_model,
)
from rlcalc.estimators.passes import Passes
from rlcalc.numerics.arrays import Floats


@dataclass(frozen=True)
class Evaluated:
    """The answer of several methods about one policy."""

    name: str  # of the policy
    log: Log
    estimates: Mapping[str, Estimated]  # by the text of the method
    episodes: Mapping[str, Floats]  # [E, ...] the numbers of each episode
    trust: Trust
    behaviour: Floats | None = None  # [K] the mean of b(a|s) in the steps of each pair
    exact: float | None = None  # the value of the policy in the model behind the log

    @property
    def gain(self) -> Estimated:
        """The value of the behaviour policy."""
        return mean_of(self.episodes["gain"])


def evaluated(
    name: str,
    log: Log,
    methods: Sequence[Method],
    tools: Solvers,
    exact: float | None = None,
    *,
    weighed: bool = False,
    bound: tuple[float, float] | None = None,
) -> Evaluated:
    """Return the estimates of some methods, from one pass over the log.

    Raises:
        InputError: a probability is missing or impossible, weights overflow, or an episode has
            several steps although a method is for one.
    """
    weighs = weighed or any(method.needs_weights for method in methods)
    modules = {method: import_module(f"{PACKAGE}.{method.module}") for method in methods}

    def work(piece: Piece) -> Part:
        steps = log.steps(piece, weights=weighs)
        length = np.diff(steps.start)
        single = next((m.name for m in methods if m.name in ONE_STEP), None)
        if single is not None and (length > 1).any():
            raise InputError(
                f"{single} is for episodes of one step, and the log has an episode of "
                f"{int(length.max()):,}",
                fix="use --method dr,pdis,is, or --one-step if every row is a whole episode",
            )
        numbers = {m.text: modules[m].episode_values(steps, m) for m in methods}
        numbers |= {"gain": steps.gain, "length": length}
        if weighs:
            numbers |= {"weight": steps.weight, "visits": steps.weight_of_visits}
        for key, values in numbers.items():
            if not np.isfinite(values).all():
                raise InputError(
                    f"{key}: the weights or the gains of an episode overflow",
                    fix="evaluate a policy that is nearer to the one that acted, or use "
                    "--method ce",
                )
        return Part(numbers, RatioTimes.of(steps.time, steps.ratio, steps.last), steps.pairs)

    parts: list[Mapping[str, Floats]] = []
    times: RatioTimes | None = None
    pairs: PairSums | None = None
    for part in tools.engine(work, log.pieces()):
        if len(part.numbers["gain"]):
            parts.append(part.numbers)
            times = part.times if times is None else times.merge(part.times)
            pairs = part.pairs if pairs is None or part.pairs is None else pairs.merge(part.pairs)
    if times is None:
        raise InputError("no episode is left to evaluate from", fix="use --truncated keep")
    whole = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    estimates = {m.text: modules[m].estimate(whole[m.text], m) for m in methods}
    _require_within(whole["gain"], bound)
    behaviour = None
    if pairs is not None and weighs:
        behaviour = pairs.chance / np.maximum(pairs.steps, 1)
    trust = _trust(log, whole, times, pairs, behaviour, tools)
    return Evaluated(name, log, estimates, whole, trust, behaviour, exact)


def _require_within(gain: Floats, bound: tuple[float, float] | None) -> None:
    """Refuse gains outside of what is said to be possible.

    Raises:
        InputError: there is one.
    """
    if bound is None:
        return
    low, high = bound
    slack = 1e-9 * max(abs(low), abs(high))
    outside = (gain < low - slack) | (gain > high + slack)
    if outside.any():
        raise InputError(
            f"the gain of an episode is {gain[outside][0]:g}, outside of --bound {low:g}:{high:g}",
            f"episode {int(outside.argmax())} of the log, from 0",
            "give the limits of all gains that are possible, or another --gamma",
        )


OFTEN_SEEN = 5
"""Steps a state, on average, from which the model of the log tells how large weights are."""


class Part(NamedTuple):
    """What one piece of a log gives."""

    numbers: Mapping[str, Floats]  # [E, ...]
    times: RatioTimes
    pairs: PairSums | None


def _trust(
    log: Log,
    episodes: Mapping[str, Floats],
    times: RatioTimes,
    pairs: PairSums | None,
    behaviour: Floats | None,
    tools: Solvers,
) -> Trust:
    """Return what tells whether intervals hold."""
    n = len(episodes["gain"])

    def weights(name: str, gamma: float) -> WeightsOfLog | None:
        if name not in episodes:
            return None
        moment = times.second_moment(gamma)
        if isinstance(log, PolicyLog) and behaviour is not None:
            more = second_moment_in_model(
                log.model, log.target, behaviour, gamma, log.horizon, tools
            )
            seldom = len(log.model.state) * OFTEN_SEEN > int(episodes["length"].sum())
            moment = max(moment, more) if seldom else more
        return WeightsOfLog(Weights.of(episodes[name]), n, moment)

    return Trust(
        weights("weight", 1.0),
        weights("visits", log.gamma),
        log.fit(pairs) if isinstance(log, PolicyLog) and pairs is not None else None,
        log.unsupported_gain if isinstance(log, PolicyLog) and not log.is_identified else 0.0,
        isinstance(log, PolicyLog) and log.given,
        isinstance(log, PolicyLog) and log.behaviour.kind == "counts",
    )


def answers(
    passes: Passes,
    policies: Mapping[str, PolicyTable],
    behaviour: Behaviour,
    given: Values | None,
    gamma: float | None,
    truncated: str,
    request: EvaluateRequest,
    tools: Solvers,
    exact: Callable[[PolicyTable, float], float | None],
) -> list[Evaluated]:
    """Return the answers about some policies; none: the log holds π of its actions.

    Args:
        passes: over the log.
        policies: by their names.
        behaviour: where b(a|s) comes from.
        given: Q̂; None: that of the model which the log shows.
        gamma: 0..1 a step; default the discount factor of the source, else 1.
        truncated: `keep`, `drop` or `bootstrap`.
        request: the methods, and the rows.
        tools: the engine, and what solves linear systems.
        exact: from a policy and γ to its exact value, if a model is known.

    Raises:
        UsageError: the policy for truncated trajectories does not apply.
        InputError: as the parts of it do.
    """
    if not policies:
        if truncated.startswith("cut"):
            raise UsageError(
                f"--truncated {truncated} does not apply", fix="use keep, drop or bootstrap"
            )
        logs: Iterable[Log] = [LoggedPolicyLog.of(passes, gamma, truncated, request.horizon)]
    else:
        tables = list(policies.values())
        logs = policy_logs(
            passes,
            tables,
            behaviour,
            given,
            gamma,
            truncated,
            request.horizon,
            tools,
            visits_alone=request.rows != "states"
            and all(method.needs_weights for method in request.methods),
        )
    names = list(policies) or ["exp(log_prob)"]
    weighed = request.rows in ("episodes", "steps")
    return [
        evaluated(
            name,
            ready_for(log, request.methods, request.rows, tools),
            request.methods,
            tools,
            exact(policies[name], log.gamma) if name in policies else None,
            weighed=weighed,
            bound=request.bound,
        )
        for name, log in zip(names, logs, strict=True)
    ]


PACKAGE = "rlcalc.estimators.off_policy"

"""Spread: mean, variance and standard deviation of a policy's gain, its quantiles and its CVaR."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Fact, Result
from rlcalc.solvers import report
from rlcalc.solvers.questions import chains, moments
from rlcalc.solvers.questions.moments import Moments
from rlcalc.solvers.returns.distribution import GainDistribution, mixture
from rlcalc.solvers.returns.find import Distributions, Game
from rlcalc.solvers.setup import SolveSetup

if TYPE_CHECKING:
    from rlcalc.charts import Chart


LEVEL = 0.05
"""The level of a picture for which none is chosen."""


class Spread(NamedTuple):
    """The moments of the gain from each state, and its distributions where there are levels."""

    moments: Moments
    distributions: Distributions | None


def answer(setup: SolveSetup) -> Result:
    """Return mean, variance and standard deviation of the gain, its quantiles and its CVaR.

    A row is a state and a level. With a horizon there are rows for each number of steps to go, the
    most first. The reward of each outcome counts, not its mean.

    Raises:
        InputError: with gamma 1, a policy that goes on for ever has no finite return; or there are
            too many different gains for quantiles.
    """
    mdp, request, levels = setup.mdp, setup.request, setup.request.levels
    rows: Ints = np.arange(mdp.n_states, dtype=np.int64)
    if request.states is not None:
        rows = np.unique(np.array(list(request.states), dtype=np.int64))
    name, iterations, layers = _layers(setup, rows)
    several = list(deque(layers, maxlen=1 if request.last_only else None))[::-1]
    horizon, first, times = request.horizon, several[0], max(len(levels), 1)
    columns = {
        "state": Column(np.repeat(np.tile(mdp.states.named(rows), len(several)), times), "key")
    }
    if horizon is not None:
        steps = np.arange(horizon, horizon - len(several), -1)
        columns = {"steps_to_go": Column(np.repeat(steps, len(rows) * times), "key"), **columns}
    tails = [
        tail(one.distributions.of(s), levels)
        for one in several
        if one.distributions
        for s in rows.tolist()
    ]
    columns |= _tail_columns(levels, np.concatenate(tails)) if tails else {}
    mean, variance = (
        np.repeat(np.concatenate([column[rows] for column in parts]), times)
        for parts in zip(
            *((one.moments.mean, one.moments.variance) for one in several), strict=True
        )
    )
    columns |= {
        "mean": Column(mean, symbol="E G"),
        "variance": Column(variance, symbol="Var G"),
        "sd": Column(np.sqrt(variance), symbol="sd G"),
    }
    start, start_bound = moments.start_facts(mdp.start, first.moments)
    facts: dict[str, Fact] = {
        "question": "return",
        **start,
        "bound": max(one.moments.mean_bound for one in several),
        "variance_bound": max(one.moments.variance_bound for one in several),
        "sd_bound": max(one.moments.sd_bound for one in several),
        **start_bound,
        **(_tail_facts(columns, mdp.start, first, levels) if tails else {}),
        **(first.distributions.facts if first.distributions else {}),
        "gamma": setup.gamma,
        **({} if horizon is None else {"horizon": horizon}),
        "policy": name,
        "iterations": iterations,
        "states": mdp.n_states,
    }
    title = f"Spread of the gain of the policy {name}"
    title += f": {shown(mdp.name)}" if mdp.name else ""

    def charts() -> list[Chart]:
        return _charts(setup, rows, first, title)

    return Result("solve", title, columns, facts, list(mdp.notes), charts=charts)


def _charts(setup: SolveSetup, rows: Ints, spread: Spread, title: str) -> list[Chart]:
    """Return the distribution of the gain from the start, or from the only row, and all means."""
    from rlcalc.solvers.questions.charts import distribution_chart, mean_chart

    mdp, request, of_all = setup.mdp, setup.request, spread.moments
    charts = []
    if len(rows) > 1:
        charts.append(mean_chart(mdp, rows, of_all.mean, np.sqrt(of_all.variance), title))
    levels = request.levels or (LEVEL,)
    if not spread.distributions:
        last = replace(request, levels=levels, last_only=True)
        try:
            *_, spread = _layers(replace(setup, request=last), rows)[2]
        except InputError:  # too many different gains
            return charts or [mean_chart(mdp, rows, of_all.mean, np.sqrt(of_all.variance), title)]
    assert spread.distributions is not None
    if mdp.start is not None and len(rows) > 1:
        gains, where = distribution_of_start(mdp.start, spread.distributions), "the start"
        mean = float(mdp.start @ of_all.mean)
    else:
        gains, where = spread.distributions.of(int(rows[0])), shown(mdp.states.texts[rows[0]])
        mean = float(of_all.mean[rows[0]])
    tails = {
        level: (float(t[0]), float(t[3]))
        for level, t in zip(levels, tail(gains, levels), strict=True)
    }
    return [distribution_chart(gains, mean, tails, f"{title}, from {where}"), *charts]


def _layers(setup: SolveSetup, rows: Ints) -> tuple[str, int, Iterator[Spread]]:
    """Return the policy's name, the iterations, and the spread with 1, 2, ... steps to go."""
    mdp, request = setup.mdp, setup.request
    if request.horizon is None:
        policy, solution = chains.chosen_policy(setup)
        of_all = moments.without_end(setup, policy, solution)
        found = None
        if request.levels:
            found = _game(setup, rows, of_all).without_end(policy.weight, solution.value)
        return policy.name, solution.iterations, iter([Spread(of_all, found)])
    report.refuse_long_horizon(mdp, request)
    layers: Iterator[Moments] = moments.by_steps_to_go(setup, request.horizon)
    name = "optimal" if setup.policy is None else setup.policy.name
    if not request.levels:
        return name, request.horizon, (Spread(one, None) for one in layers)
    several = list(layers)
    weights = [one.weight for one in several]
    distributions = _game(setup, rows, several[-1]).by_steps_to_go(weights)
    return name, request.horizon, map(Spread, several, distributions)


def _game(setup: SolveSetup, rows: Ints, of_all: Moments) -> Game:
    """Return the game whose distributions are of interest: those of the rows and of the start."""
    mdp, request = setup.mdp, setup.request
    starts = rows if mdp.start is None else np.flatnonzero(mdp.start > 0)
    tol = None
    if request.tol is not None:
        tol = request.accepted_bound(float(np.abs(of_all.mean).max(initial=0.0)))
    return Game(mdp, setup.gamma, np.union1d(rows, starts).astype(np.int64), tol)


def tail(distribution: GainDistribution, levels: Sequence[float]) -> Floats:
    """Return [L, 6] quantile and CVaR of each level, each with its limits."""
    pairs = [distribution.worst(level) for level in levels]
    return np.array([[*quantile, *mean] for quantile, mean in pairs], dtype=np.float64)


def distribution_of_start(start: Floats, distributions: Distributions) -> GainDistribution:
    """Return the distribution of the gain from a random start."""
    states = np.flatnonzero(start > 0).tolist()
    return mixture([(float(start[s]), distributions.of(s)) for s in states])


def _tail_columns(levels: Sequence[float], tails: Floats) -> dict[str, Column]:
    """Return quantile and CVaR as columns, with their limits."""
    limits = ("", "_low", "_high")
    names = [f"{name}{limit}" for name in ("quantile", "cvar") for limit in limits]
    symbols = {"quantile": "q", "cvar": "CVaR"}
    return {
        "level": Column(np.tile(levels, len(tails) // len(levels)), "key"),
        **{
            name: Column(column, "value" if name in symbols else "bound", symbols.get(name, ""))
            for name, column in zip(names, tails.T, strict=True)
        },
    }


def _tail_facts(
    columns: Mapping[str, Column], start: Floats | None, spread: Spread, levels: Sequence[float]
) -> dict[str, Fact]:
    """Return quantile and CVaR of the gain from the start, and the largest errors of all."""
    tails = np.stack([np.asarray(columns[name].values) for name in columns if _is_tail(name)], 1)
    facts: dict[str, Fact] = {}
    if start is not None and spread.distributions is not None:
        of_start = tail(distribution_of_start(start, spread.distributions), levels)
        tails = np.concatenate([tails, of_start])
        for name, column in (("quantile", 0), ("cvar", 3)):
            facts[f"start_{name}"] = {
                f"{level:g}": float(at)
                for level, at in zip(levels, of_start[:, column], strict=True)
            }
    return {
        **facts,
        "quantile_bound": float((tails[:, [0, 2]] - tails[:, [1, 0]]).max()),
        "cvar_bound": float((tails[:, [3, 5]] - tails[:, [4, 3]]).max()),
    }


def _is_tail(name: str) -> bool:
    return name.startswith(("quantile", "cvar"))

"""Other rows of an evaluation: its episodes, its weights by time, and its pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.estimators.off_policy.evaluation import Evaluated
from rlcalc.estimators.off_policy.log import PolicyLog
from rlcalc.estimators.off_policy.report import facts_of, notes_of
from rlcalc.estimators.off_policy.request import EvaluateRequest
from rlcalc.estimators.visits import ACTION_BITS
from rlcalc.result import Column, Result

if TYPE_CHECKING:
    from rlcalc.charts import Chart


def of(rows: str, answer: Evaluated, request: EvaluateRequest) -> Result:
    """Return the rows of an evaluation.

    Args:
        rows: `episodes`, `steps` or `states`.
        answer: of one policy.
        request: the methods.
    """
    columns = {
        "episodes": lambda: _episodes(answer, request),
        "steps": lambda: _steps(answer),
        "states": lambda: _states(answer),
    }[rows]()
    titles = {
        "episodes": "Episodes and their weights",
        "steps": "Weights by time",
        "states": "Pairs, and the visits of the policy",
    }
    return Result(
        command="evaluate",
        title=titles[rows],
        columns=columns,
        facts=facts_of([answer], request),
        notes=notes_of([answer], request),
        charts=(lambda: _charts(columns, answer, request)) if rows == "steps" else None,
    )


def _charts(
    columns: Mapping[str, Column], answer: Evaluated, request: EvaluateRequest
) -> list[Chart]:
    from rlcalc.estimators.off_policy.charts import weight_chart

    time, mean, error = (
        np.asarray(columns[name].values) for name in ("t", "weight_mean", "weight_mean_se")
    )
    n = len(answer.episodes["gain"])
    return [weight_chart(time, mean, error, n, request.confidence)]


def _episodes(answer: Evaluated, request: EvaluateRequest) -> dict[str, Column]:
    """A row an episode: its gain, its weight, and its number for each method that is a mean."""
    log, numbers = answer.log, answer.episodes
    names: list[Any] = []
    for piece in log.pieces():
        batch = piece.trajectories
        kept = np.flatnonzero(log.truncation.apply(batch).kept)
        own = None if batch.name is None else list(batch.name)
        names += [(piece.before + i if own is None else own[i]) for i in kept.tolist()]
    values = {
        m.text: Column(numbers[m.text][:, 0])
        for m in request.methods
        if numbers[m.text].shape[1] == 1
    }
    return {
        "trajectory": Column(names, "key"),
        "steps": Column(numbers["length"], "count"),
        "gain": Column(numbers["gain"], symbol="G"),
        "weight": Column(numbers["weight"], symbol="ρ"),
        **values,
    }


def _steps(answer: Evaluated) -> dict[str, Column]:
    """A row a time: the weights of all episodes after its step."""
    times = answer.log.times
    assert times is not None
    n, total, squares = times.episodes, times.whole_weight, times.whole_squares
    mean = total / n
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.maximum(squares / n - mean**2, 0.0) / (n - 1))
        ess = total**2 / squares
        share = times.whole_largest / total
        z = np.where(error > 0, (mean - 1) / error, np.where(np.abs(mean - 1) < 1e-9, 0.0, np.nan))
    return {
        "t": Column(np.arange(len(mean)), "key"),
        "n": Column(times.running.astype(np.int64), "count"),
        "weight_mean": Column(mean, symbol="mean ρ"),
        "weight_mean_se": Column(error if n > 1 else np.full(len(mean), np.nan), "error"),
        "z_weight": Column(z, symbol="z(ρ)"),
        "ess": Column(ess),
        "largest_share": Column(share, symbol="largest share"),
        "reward": Column(times.mean_reward, symbol="r̄"),
    }


def _states(answer: Evaluated) -> dict[str, Column]:
    """A row a pair of the log, and behind them a row a pair that the log lacks."""
    log = answer.log
    assert isinstance(log, PolicyLog)
    model, experience = log.model, log.passes.experience
    pair_state = model.expected.pair_state
    states = [experience.states.texts[c] for c in model.state.tolist()]
    action = (model.pair & ((1 << ACTION_BITS) - 1)).tolist()
    absent = log.target.absent
    chance = [log.policy[states[s]][a] for s, a in absent]
    visits = log.solution.visits
    none = np.full(len(absent), np.nan)
    target = np.concatenate([log.target.weight, np.array(chance, np.float64)])
    of_state = np.concatenate([pair_state, np.array([s for s, _ in absent], np.int64)])
    behaviour = answer.behaviour
    if behaviour is None:
        behaviour = np.full(len(model.pair), np.nan)
    return {
        "state": Column(
            [*experience.states.named(model.state[pair_state]), *(states[s] for s, _ in absent)],
            "key",
        ),
        "action": Column(
            [*experience.actions.named(np.array(action, np.int64)), *(a for _, a in absent)], "key"
        ),
        "n": Column(np.concatenate([model.count, np.zeros(len(absent), np.int64)]), "count"),
        "pi": Column(target, symbol="π"),
        "b": Column(np.concatenate([behaviour, none])),
        "d": Column(visits[of_state] * target, symbol="d(s,a)"),
        "q": Column(np.concatenate([log.solution.action_value, none]), symbol="Q̂"),
        "supported": Column(np.arange(len(target)) < len(pair_state)),
    }

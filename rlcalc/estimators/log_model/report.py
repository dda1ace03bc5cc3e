"""Counted transitions → the model that a log shows, with the facts that explain it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from rlcalc.charts import Chart
from rlcalc.estimators.log_model import ROWS, log_variance
from rlcalc.estimators.log_model.log_model import LogModel, Rows
from rlcalc.estimators.log_model.request import ModelRequest
from rlcalc.estimators.request import Tools
from rlcalc.estimators.transitions import CountedTransitions
from rlcalc.estimators.truncation import n_trajectories
from rlcalc.result import Fact, Result


def log_model(counted: CountedTransitions, request: ModelRequest, tools: Tools) -> Result:
    """Return the model that a log shows, or what its counts tell about it.

    Steps whose next state is not known are left out, as `estimate --method ce` does.

    Args:
        counted: the experience, whose transitions are counted.
        request: the rows.
        tools: the engine, and what solves linear systems.
    """
    model = LogModel.of(counted, tools.engine)
    module = import_module(f"rlcalc.estimators.log_model.{ROWS[request.rows]}")
    part: Rows = module.rows_of(model, request, tools)
    facts, notes = log_variance.facts_and_notes(model, tools)

    def charts() -> Sequence[Chart]:
        from rlcalc.estimators.log_model.charts import variance_charts

        return variance_charts(facts, "The variance of the gain")

    return Result(
        command="model",
        title=part.title,
        columns=part.columns,
        facts={
            **part.facts,
            **facts,
            **sizes(counted),
            "outcomes": len(model.outcomes),
            **ends(counted),
        },
        charts=part.charts or charts,
        notes=[*counted.passes.experience.notes, *counted.notes, *notes, *part.notes],
    )


def sizes(counted: CountedTransitions) -> dict[str, Fact]:
    """Return the discount factor, and how much was read."""
    return {
        "gamma": counted.gamma,
        "trajectories": n_trajectories(counted.summary.ends),
        "steps": counted.summary.n_steps,
        "states": len(counted.model.state),
        "pairs": len(counted.model.pair),
    }


def ends(counted: CountedTransitions) -> dict[str, Fact]:
    """Return how trajectories ended, and what was odd."""
    experience = counted.passes.experience
    return {
        **counted.facts,
        "left_out": dict(experience.left_out),
        "oddities": dict(experience.oddities),
    }

"""Costs: the best policy has the least total, which is the largest of the opposite rewards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.mdp import MDP
from rlcalc.result import Result

if TYPE_CHECKING:
    from rlcalc.charts import Chart

ROWS_OF_POLICY = ("occupancy", "return")
OPPOSITE_COLUMNS = ("q", "v", "a", "mean", "gain", "q_gain")
OPPOSITE_FACTS = ("start_value", "start_value_solved", "gain", "start_gain")


def with_opposite_rewards(mdp: MDP) -> MDP:
    """Return the model whose rewards have the other sign."""
    return replace(mdp, reward=0.0 - mdp.reward)


def with_costs(mdp: MDP, result: Result) -> Result:
    """Return an answer for the opposite rewards as costs: V, Q and A have the rewards' sign."""
    columns = {
        name: replace(column, values=0.0 - np.asarray(column.values))
        if name in OPPOSITE_COLUMNS
        else column
        for name, column in result.columns.items()
    }
    facts = {
        name: 0.0 - fact if name in OPPOSITE_FACTS and isinstance(fact, float) else fact
        for name, fact in result.facts.items()
    }
    title = f"Least costs: {result.title}"

    def value_pictures() -> list[Chart]:
        from rlcalc.solvers.charts import average_charts, value_charts

        value, gain = np.zeros(mdp.n_states), np.zeros(mdp.n_states)
        value[mdp.expected.pair_state] = columns["v"].values
        weight = np.asarray(columns["pi"].values)
        if "gain" not in columns:
            return value_charts(mdp, value, weight, title)
        gain[mdp.expected.pair_state] = columns["gain"].values
        return average_charts(mdp, gain, value, weight, title)

    is_of_pairs = "v" in columns and len(result) == mdp.n_pairs
    charts = value_pictures if is_of_pairs else result.charts if "iteration" in columns else None
    return replace(result, columns=columns, facts=facts, title=title, charts=charts)

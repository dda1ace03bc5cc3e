"""Costs: the best policy has the least total, which is the largest of the opposite rewards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.mdp import MDP
from rlcalc.result import Fact, Result

if TYPE_CHECKING:
    from rlcalc.charts import Chart

ROWS_OF_POLICY = ("occupancy", "return")
OPPOSITE_COLUMNS = {
    **{name: name for name in ("q", "v", "a", "mean", "gain", "q_gain", "quantile", "cvar")},
    **{
        f"{name}_{limit}": f"{name}_{other}"
        for name in ("quantile", "cvar")
        for limit, other in (("low", "high"), ("high", "low"))
    },
}
"""A column → the one whose opposite it is."""
OPPOSITE_FACTS = (
    "start_value", "start_value_solved", "start_quantile", "start_cvar", "gain", "start_gain",
)  # fmt: skip


def with_opposite_rewards(mdp: MDP) -> MDP:
    """Return the model whose rewards have the other sign."""
    return replace(mdp, reward=0.0 - mdp.reward)


def with_costs(mdp: MDP, result: Result) -> Result:
    """Return an answer for the opposite rewards as costs: V, Q and A have the rewards' sign."""
    columns = {
        name: replace(column, values=0.0 - result[OPPOSITE_COLUMNS[name]])
        if name in OPPOSITE_COLUMNS
        else column
        for name, column in result.columns.items()
    }
    facts = {
        name: _opposite(fact) if name in OPPOSITE_FACTS else fact
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

    def spread_pictures() -> list[Chart]:
        from rlcalc.solvers.questions.charts import of_costs

        return [replace(of_costs(chart), title=title) for chart in result.charts()]  # type: ignore[misc]

    is_of_pairs = "v" in columns and len(result) == mdp.n_pairs
    same = "iteration" in columns or "d" in columns
    charts = value_pictures if is_of_pairs else result.charts if same else None
    if "mean" in columns:
        charts = spread_pictures
    return replace(result, columns=columns, facts=facts, title=title, charts=charts)


def _opposite(fact: Fact) -> Fact:
    if isinstance(fact, Mapping):
        return {part: None if number is None else 0.0 - number for part, number in fact.items()}
    return 0.0 - fact if isinstance(fact, float) else fact

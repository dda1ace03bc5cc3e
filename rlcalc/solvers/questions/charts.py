"""Pictures of the return: its distribution with mean, quantile and CVaR, and its mean by state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from rlcalc.charts import Axis, Band, Border, Chart
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.bins import bins_of
from rlcalc.solvers.charts import MOST_BARS
from rlcalc.solvers.returns.distribution import GainDistribution

RARE = 1e-3
"""The chance of the gains on either side that are left out of a picture."""


def distribution_chart(
    distribution: GainDistribution, mean: float, tails: Mapping[float, Sequence[float]], title: str
) -> Chart:
    """Return the chances of the gains, with borders at the mean, the quantiles and the CVaR.

    Args:
        distribution: of the gain.
        mean: of the gain.
        tails: a level → quantile and CVaR.
        title: of the picture.
    """
    value = distribution.value.astype(np.float64)
    chance = distribution.probability.astype(np.float64)
    below = np.cumsum(chance)
    middle = (below > RARE) & (below - chance < 1 - RARE)
    bins = bins_of(value[middle])
    borders = [Border(mean, "mean", "x")]
    for level, (quantile, worst) in tails.items():
        borders.append(Border(quantile, f"quantile {level:g}", "x"))
        borders.append(Border(worst, f"CVaR {level:g}", "x"))
    rare = float(chance[~middle].sum())
    return Chart(
        name="distribution",
        title=title,
        kind="histogram",
        columns={
            "low": bins.edge[:-1].tolist(),
            "high": bins.edge[1:].tolist(),
            "p": np.bincount(bins.place, chance[middle], len(bins.edge) - 1).tolist(),
        },
        x=Axis("low", "gain, reward", end="high"),
        y=Axis("p", "probability"),
        borders=borders,
        note=f"without the rarest {100 * rare:.2g} % of the gains" if rare else "",
    )


def mean_chart(mdp: MDP, rows: Ints, mean: Floats, deviation: Floats, title: str) -> Chart:
    """Return the mean of the gain from each state, with the standard deviation around it.

    Args:
        mdp: the model.
        rows: the states.
        mean: [S] of the gain.
        deviation: [S] its standard deviation.
        title: of the answer.
    """
    first = rows[:MOST_BARS]
    return Chart(
        name="spread",
        title=title,
        kind="points",
        columns={
            "state": [str(name) for name in mdp.states.named(first)],
            "mean": mean[first].tolist(),
            "low": (mean - deviation)[first].tolist(),
            "high": (mean + deviation)[first].tolist(),
        },
        x=Axis("state", "state", "names"),
        y=Axis("mean", "mean gain, reward"),
        bands=[Band("low", "high", "± standard deviation")],
        note="mean ± standard deviation"
        + ("" if len(first) == len(rows) else f"; the first {len(first)} of {len(rows):,} states"),
    )


def of_costs(chart: Chart) -> Chart:
    """Return the picture of the return with rewards as costs, which have the other sign."""
    columns = dict(chart.columns)
    low, high = ([0.0 - x for x in columns[name]] for name in ("high", "low"))
    columns |= {"low": low, "high": high}
    if "mean" in columns:
        columns["mean"] = [0.0 - x for x in columns["mean"]]
    else:  # bins rise
        columns = {name: list(values)[::-1] for name, values in columns.items()}
    borders = [replace(one, at=0.0 - one.at) for one in chart.borders]
    return replace(chart, columns=columns, borders=borders)

"""Picture of simulated episodes: the histogram of their gains."""

from __future__ import annotations

import numpy as np

from rlcalc.charts import Axis, Border, Chart
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.bins import bins_of


def gain_charts(gain: Floats, n: int, mean: float, exact: float | None) -> list[Chart]:
    """Return the histogram of the gains from the start.

    Args:
        gain: [E] G_1 of the first episodes.
        n: the number of all episodes.
        mean: of all gains.
        exact: the expected gain, if it is known.
    """
    bins = bins_of(gain[np.isfinite(gain)])
    known = {"mean": mean} | ({} if exact is None else {"exact": exact})
    return [
        Chart(
            name="gains",
            title="Gains of the episodes",
            kind="histogram",
            columns={
                "low": bins.edge[:-1].tolist(),
                "high": bins.edge[1:].tolist(),
                "n": bins.counts().tolist(),
            },
            x=Axis("low", "gain from the start, reward", end="high"),
            y=Axis("n", "episodes"),
            borders=[Border(at, name, "x") for name, at in known.items()],
            note="" if len(gain) == n else f"the first {len(gain):,} of {n:,} episodes",
        )
    ]

"""Pictures of advantages: their quantiles by time, and when trajectories end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from rlcalc.charts import Axis, Chart
from rlcalc.estimators.charts import time_chart
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.bins import bins_of
from rlcalc.trajectories import Trajectories


def advantage_charts(
    batch: Trajectories, time: Ints, advantage: Floats, title: str
) -> Sequence[Chart]:
    """Return the quantiles of A by time, and how long trajectories are by their end.

    Args:
        batch: the trajectories.
        time: [T] t.
        advantage: [T] A; NaN where it is not used.
        title: of the answer.
    """
    by_time = time_chart(time, advantage, "advantage", "A", f"{title} by time")
    return [*by_time, length_chart(batch)] if len(batch) else by_time


def length_chart(batch: Trajectories) -> Chart:
    """Return a histogram of the lengths of trajectories, by how they ended."""
    bins = bins_of(batch.length)
    cut = batch.truncated & ~batch.terminated
    ends = {"terminated": batch.terminated, "truncated": cut, "unknown": ~cut & ~batch.terminated}
    parts = [
        (low, high, name, n)
        for name, of in ends.items()
        for (low, high), n in zip(
            pairwise(bins.edge.tolist()), bins.counts(of).tolist(), strict=True
        )
        if n
    ]
    names = ("low", "high", "end", "n")
    columns: dict[str, Sequence[Any]] = dict(
        zip(names, map(list, zip(*parts, strict=True)), strict=True)
    )
    return Chart(
        name="ends",
        title="Ends of trajectories",
        kind="histogram",
        columns=columns,
        x=Axis("low", "length, steps", end="high"),
        y=Axis("n", "trajectories"),
        colour=Axis("end", "end", "names"),
    )

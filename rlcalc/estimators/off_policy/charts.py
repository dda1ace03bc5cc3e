"""Pictures of an evaluation: values of methods with their intervals, and the weights by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rlcalc.charts import Axis, Band, Border, Chart
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.intervals import student_t

MOST_TIMES = 400
"""Times that are drawn; of more, every second or third one and so on."""


def method_chart(
    rows: Mapping[str, Sequence[Any]], exact: Mapping[str, float | None], behaviour: float
) -> list[Chart]:
    """Return the values of methods with their intervals, by policy; nothing without a value.

    Args:
        rows: the columns of the answer: policy, method, value, low and high.
        exact: the exact value of each policy.
        behaviour: the value of the behaviour policy.
    """
    known = [i for i, policy in enumerate(rows["policy"]) if policy in exact]
    names = ("policy", "method", "value", "low", "high")
    columns: dict[str, Sequence[Any]] = {
        name: [_number(rows[name][i]) for i in known] for name in names
    }
    if not any(value is not None for value in (*columns["value"], *columns["low"])):
        return []
    several = len(exact) > 1
    if any(value is not None for value in exact.values()):
        columns["exact"] = [exact[policy] for policy in columns["policy"]]
    withheld = sum(low is None for low in columns["low"])
    return [
        Chart(
            name="methods",
            title="Off-policy evaluation",
            kind="points",
            columns=columns,
            x=Axis("method", "method", "names"),
            y=Axis("value", "value of the policy, reward"),
            colour=Axis("policy", "policy", "names") if several else None,
            bands=[Band("low", "high", "interval")],
            beside=Axis("exact", "exact value") if "exact" in columns else None,
            borders=[Border(behaviour, "behaviour policy")],
            note=f"{withheld} of {len(known)} intervals are withheld" if withheld else "",
        )
    ]


def weight_chart(time: Ints, mean: Floats, error: Floats, n: int, confidence: float) -> Chart:
    """Return the mean weight by time with its interval, which contains 1 if all is well.

    Args:
        time: [T] t.
        mean: [T] of the weights.
        error: [T] standard errors.
        n: episodes.
        confidence: of the band.
    """
    every = slice(None, None, max(1, -(-len(time) // MOST_TIMES)))
    half = float(student_t(confidence, np.array([max(n - 1, 1)]))[0]) * np.nan_to_num(error)
    columns = {"t": time, "mean": mean, "low": mean - half, "high": mean + half}
    return Chart(
        name="weights",
        title="Mean weight by time",
        kind="line",
        columns={name: column[every].tolist() for name, column in columns.items()},
        x=Axis("t", "t"),
        y=Axis("mean", "mean ρ"),
        bands=[Band("low", "high", "interval")],
        borders=[Border(1.0, "1 if all is well")],
    )


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value

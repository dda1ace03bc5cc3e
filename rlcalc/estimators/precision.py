"""Precision: how many more trajectories an interval of a given width needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.errors import UsageError
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.sample_size import SampleSize, sample_size
from rlcalc.result import Column, Fact, Result


def with_precision(result: Result, half_width: float | None) -> Result:
    """Return estimates with the trajectories that are missing for intervals of V ± h.

        m = the smallest with t(m − 1) s/√m ≤ h,     more = E (m/n − 1), rounded up; at least 0

    where s² is the variance that was seen of the n trajectories which meet the row, among all E.

    Args:
        result: estimates with errors.
        half_width: h, in reward units; None: the estimates as they are.

    Raises:
        UsageError: the estimates have no errors.
    """
    if half_width is None:
        return result
    total, confidence = result.facts.get("trajectories"), result.facts.get("confidence", 0.95)
    counts = {"v": "v_n", "q": "n", "a": "n"}
    letters = [
        x
        for x, n in counts.items()
        if n in result and f"{x}_se" in result and np.isfinite(result[f"{x}_se"]).any()
    ]
    if not letters or not isinstance(total, int) or not isinstance(confidence, float):
        raise UsageError(
            "--precision needs estimates with standard errors",
            fix="use --method mc or ce, without --compare and --rows convergence",
        )
    columns: dict[str, Column] = {}
    most = 0.0
    for name, column in result.columns.items():
        columns[name] = column
        letter = name.removesuffix("_high")
        if not name.endswith("_high") or letter not in letters:
            continue
        n = np.minimum(result[counts[letter]], total)
        size = sample_size(result[f"{letter}_se"], n, half_width, confidence)
        more = more_data(size, n.astype(np.float64), total)
        most = max(most, float(np.nanmax(more.size, initial=0.0)))
        columns |= _columns(f"{letter}_more", more, f"{letter.upper()}\u0302 more")
    facts: dict[str, Fact] = {**result.facts, "precision": half_width, "more_trajectories": most}
    error = result.facts.get("start_value_se")
    if isinstance(error, float):
        n = np.array([total])
        start = more_data(
            sample_size(np.array([error]), n, half_width, confidence), n.astype(np.float64), total
        )
        facts |= {
            "start_value_more": float(start.size[0]),
            "start_value_more_low": float(start.low[0]),
            "start_value_more_high": float(start.high[0]),
        }
    return replace(result, columns=columns, facts=facts)


def methods_with_precision(result: Result, half_width: float | None) -> Result:
    """Return evaluations of a policy with the episodes that are missing for intervals of ± h.

    Methods whose intervals are withheld have none: more of the same need not help them.

    Args:
        result: a row a method, with `value`, `se`, `low` and `high`.
        half_width: h; None: the evaluations as they are.
    """
    total, confidence = result.facts.get("episodes"), result.facts.get("confidence")
    if half_width is None or not isinstance(total, int) or not isinstance(confidence, float):
        return result
    shown = np.isfinite(np.array(result["low"], np.float64))
    error = np.where(shown, np.array(result["se"], np.float64), np.nan)
    n = np.full(len(result), total)
    size = sample_size(error, n, half_width, confidence)
    more = more_data(size, n.astype(np.float64), total)
    names = list(result.columns)
    place = names.index("high") + 1
    columns = {name: result.columns[name] for name in names[:place]}
    columns |= _columns("more", more, "more episodes")
    columns |= {name: result.columns[name] for name in names[place:]}
    return replace(result, columns=columns, facts={**result.facts, "precision": half_width})


def _columns(name: str, more: SampleSize, symbol: str) -> dict[str, Column]:
    return {
        name: Column(more.size, "value", symbol),
        f"{name}_low": Column(more.low, "bound"),
        f"{name}_high": Column(more.high, "bound"),
    }


def more_data(size: SampleSize, n: Floats, total: int) -> SampleSize:
    """Return the data that are missing, of all kinds, until a row has as many as it needs.

    Args:
        size: [K] what the rows need.
        n: [K] what they have.
        total: all data, of which n are the row's.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return SampleSize(*(np.maximum(np.ceil(total * (m / n - 1)), 0.0) for m in size))

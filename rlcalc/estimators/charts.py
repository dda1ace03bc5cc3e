"""Pictures of estimates: values with their intervals, their convergence, and numbers by time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rlcalc.charts import Axis, Band, Chart
from rlcalc.numerics.arrays import Floats, Ints, differs_from_previous
from rlcalc.result import Result

MOST_NAMES = 40
"""States or pairs that are drawn."""
KEYS = ("state", "action")
MOST_CURVES = 5
"""States whose convergence is drawn."""
MOST_TIMES = 100
"""Times that are drawn; of more, neighbours are drawn together."""
FEW = 5
"""Steps of a time below which its quantiles say nothing."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def estimate_charts(result: Result) -> list[Chart]:
    """Return the picture of an answer of `estimate`: of its rows, which may have exact values."""
    if not len(result):
        return []
    columns = result.columns
    if "trajectories" in columns:
        return [convergence_chart(result.plain(), result.title)]
    methods = str(result.facts.get("methods", "")).split(", ")
    letter = next((one for one in "vqa" if any(n.startswith(f"{one}_") for n in columns)), "v")
    used = {n: c for n, c in columns.items() if n in KEYS or n.split("_")[0] == letter}
    rows = replace(result, columns=used).plain()
    if letter in rows:
        return [value_chart(rows, letter, result.title)]
    return [method_chart(rows, letter, methods, result.title)]


def value_chart(rows: Mapping[str, Sequence[Any]], letter: str, title: str) -> Chart:
    """Return the values of states or pairs with their intervals, and the exact values if known.

    Args:
        rows: the columns of an answer.
        letter: v, q or a.
        title: of the answer.
    """
    names = _names(rows, letter)
    chosen = list(names)[:MOST_NAMES]
    exact = f"{letter}_exact"
    columns: dict[str, Sequence[Any]] = {"name": chosen}
    for column in (letter, f"{letter}_low", f"{letter}_high", exact):
        if column in rows:
            columns[column] = [rows[column][names[name]] for name in chosen]
    symbol = letter.upper()
    return Chart(
        name="values",
        title=title,
        kind="points",
        columns=columns,
        x=Axis("name", "state" if letter == "v" else "state, action", "names"),
        y=Axis(letter, f"estimated {symbol}, reward"),
        bands=[Band(f"{letter}_low", f"{letter}_high", "interval")],
        beside=Axis(exact, f"exact {symbol}") if exact in columns else None,
        note=_left_out(len(chosen), len(names), "states" if letter == "v" else "pairs"),
    )


def method_chart(
    rows: Mapping[str, Sequence[Any]], letter: str, methods: Sequence[str], title: str
) -> Chart:
    """Return the values that several methods give, beside each other.

    Args:
        rows: the columns of an answer of `--compare`.
        letter: v, q or a.
        methods: their names.
        title: of the answer.
    """
    names = _names(rows, letter)
    most = max(1, MOST_NAMES // len(methods))
    chosen = list(names)[:most]
    words = {method: f"{letter}_{method.replace('-', '_')}" for method in methods}
    exact = f"{letter}_exact"
    parts = [(name, method) for name in chosen for method in methods if words[method] in rows]
    empty = [None] * len(rows["state"])

    def column(ending: str) -> list[Any]:
        several = {m: rows.get(f"{words[m]}{ending}", empty) for m in methods}
        return [several[method][names[name]] for name, method in parts]

    columns: dict[str, Sequence[Any]] = {
        "name": [name for name, _ in parts],
        "method": [method for _, method in parts],
        letter: column(""),
        "low": column("_low"),
        "high": column("_high"),
    }
    if exact in rows:
        columns["exact"] = [rows[exact][names[name]] for name, _ in parts]
    return Chart(
        name="methods",
        title=title,
        kind="points",
        columns=columns,
        x=Axis("name", "state" if letter == "v" else "state, action", "names"),
        y=Axis(letter, f"estimated {letter.upper()}, reward"),
        colour=Axis("method", "method", "names"),
        bands=[Band("low", "high", "interval")],
        beside=Axis("exact", "exact") if exact in rows else None,
        note=_left_out(len(chosen), len(names), "states" if letter == "v" else "pairs"),
    )


def _names(rows: Mapping[str, Sequence[Any]], letter: str) -> dict[str, int]:
    """Return the name of each state or pair, and its first row."""
    names: dict[str, int] = {}
    for number, state in enumerate(rows["state"]):
        name = str(state) if letter == "v" else f"{state}, {rows['action'][number]}"
        names.setdefault(name, number)
    return names


def _left_out(n: int, total: int, noun: str) -> str:
    return "" if n == total else f"the first {n:,} of {total:,} {noun}"


def convergence_chart(rows: Mapping[str, Sequence[Any]], title: str) -> Chart:
    """Return V̂ with its band against the number of trajectories, for the first states.

    The picture ends at the range of the values and half of it more on both sides. Intervals that
    are wider than that, as those of two trajectories are, are left out.

    Args:
        rows: the columns of `convergence`.
        title: of the answer.
    """
    states = list(dict.fromkeys(map(str, rows["state"])))
    chosen = states[:MOST_CURVES]
    known = [
        row
        for row, (state, v) in enumerate(zip(rows["state"], rows["v"], strict=True))
        if str(state) in chosen and v is not None
    ]
    columns: dict[str, Sequence[Any]] = {
        name: [rows[name][row] for row in known]
        for name in ("trajectories", "n", "v", "v_low", "v_high", "v_exact")
        if name in rows
    }
    columns["state"] = [str(rows["state"][row]) for row in known]
    values = [v for v in (*columns["v"], *columns.get("v_exact", ())) if v is not None]
    limits = _limits(values)
    if limits is not None:
        low, high = columns["v_low"], columns["v_high"]
        wide = [
            a is None or b is None or b - a > limits[1] - limits[0]
            for a, b in zip(low, high, strict=True)
        ]
        for name in ("v_low", "v_high"):
            pairs = zip(columns[name], wide, strict=True)
            columns[name] = [None if is_wide else limit for limit, is_wide in pairs]
    return Chart(
        name="convergence",
        title=title,
        kind="line",
        columns=columns,
        x=Axis("trajectories", "trajectories", "log"),
        y=Axis("v", "estimated V, reward", limits=limits),
        colour=Axis("state", "state", "names"),
        bands=[Band("v_low", "v_high", "interval")],
        beside=Axis("v_exact", "exact V") if "v_exact" in columns else None,
        note=_left_out(len(chosen), len(states), "states"),
    )


def _limits(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the range of some values, and half of it more on both sides; None: they are equal."""
    low, high = min(values), max(values)
    more = high / 2 - low / 2
    return (low - more, high + more) if more > 0 and math.isfinite(more) else None


def time_chart(time: Ints, value: Floats, name: str, symbol: str, title: str) -> list[Chart]:
    """Return the median and other quantiles of numbers by time; nothing where none is known.

    Times of fewer than 5 steps are left out, unless all are.

    Args:
        time: [T] t of each number, whole.
        value: [T] NaN where it is not known.
        name: of the chart.
        symbol: of the value.
        title: of the chart.
    """
    known = np.isfinite(value)
    when, value = np.asarray(time, dtype=np.float64)[known], value[known]
    if not len(when):
        return []
    first = float(when.min())
    width = max(1, math.ceil((float(when.max()) - first + 1) / MOST_TIMES))
    bins = (when - first) // width
    order = np.argsort(bins, kind="stable")
    edge = np.append(np.flatnonzero(differs_from_previous(bins[order])), len(bins))
    several = zip(bins[order][edge[:-1]].tolist(), np.split(value[order], edge[1:-1]), strict=True)
    least = min(FEW, int(np.diff(edge).max()))
    parts = [(int(first + number * width), part) for number, part in several if len(part) >= least]
    quantiles = np.array([np.quantile(part, QUANTILES) for _, part in parts])
    columns: dict[str, Sequence[Any]] = {
        "t": [number for number, _ in parts],
        **{f"p{round(100 * q)}": quantiles[:, i].tolist() for i, q in enumerate(QUANTILES)},
        "mean": [float(part.mean()) for _, part in parts],
        "n": [len(part) for _, part in parts],
    }
    rare = "" if len(parts) == len(edge) - 1 else f"; times of fewer than {FEW} steps are left out"
    together = f"; {width} times together" if width > 1 else ""
    return [
        Chart(
            name=name,
            title=title,
            kind="line",
            columns=columns,
            x=Axis("t", "t"),
            y=Axis("p50", f"{symbol}, reward: median"),
            bands=[Band("p5", "p95", "5 to 95 %"), Band("p25", "p75", "25 to 75 %")],
            beside=Axis("mean", "mean"),
            note=f"bands: 5 to 95 % and 25 to 75 % of the steps{together}{rare}",
        )
    ]

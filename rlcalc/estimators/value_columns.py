"""Columns of estimates from sums: V, Q and A with their errors and intervals, part by part.

Rows are independent of each other, so they are worked out some thousands at a time: what lies
between the sums and the answer takes little memory, and stays in a cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rlcalc.estimators.request import Of
from rlcalc.estimators.value_intervals import advantage_intervals, values_of_gains, values_of_pairs
from rlcalc.estimators.visits import ACTION_BITS
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.intervals import Intervals, intervals_of_means, needs_of
from rlcalc.numerics.moments import CoMoments, Moments
from rlcalc.result import Column

ROWS = 1 << 16
"""Rows at a time: a constant, so that the bits of a row do not depend on how the data came."""

Part = dict[str, NDArray[np.generic]]
Extremes = tuple[float, float] | None
"""The two values that all gains have, if there are only two."""


def state_columns(
    states: Moments, order: Ints, everywhere: Extremes, names: Labels, confidence: float
) -> tuple[dict[str, Column], dict[str, Ints]]:
    """Return V of each state, in order of first appearance, and what its interval needs.

    Args:
        states: [K] moments of the gains from each state.
        order: [K] the place at which each state comes first.
        everywhere: see `Extremes`.
        names: of the states.
        confidence: of the intervals.

    Returns:
        Columns of K rows; places in `NEEDS`.
    """
    rows = np.argsort(order, kind="stable")

    def parts() -> Iterator[Part]:
        for chosen in _parts(rows):
            moments = states.take(chosen)
            intervals = _intervals(moments, everywhere, confidence)
            error = moments.standard_error()
            yield {"key": moments.key, "v_n": moments.count} | _value(
                "v", moments.mean, error, intervals
            )

    columns = _joined(len(rows), parts())
    needs = {"v": columns.pop("v_needs").astype(np.int64)}
    return {
        "state": Column(names.named(columns.pop("key").astype(np.int64)), "key"),
        "v_n": Column(columns.pop("v_n"), "count", "n"),
        **_shown(columns),
        "needs": Column(needs_of(needs), "bound"),
    }, needs


def pair_columns(
    sums: tuple[Moments, Moments, CoMoments],
    order: Ints,
    visits: Ints,
    everywhere: Extremes,
    names: tuple[Labels, Labels],
    of: Of,
    confidence: float,
) -> tuple[dict[str, Column], dict[str, Ints]]:
    """Return π, Q, V and A of each state-action pair, and what their intervals need.

    Args:
        sums: moments of the gains of S states and of [K] pairs, and co-moments of both.
        order: [S] the place at which each state comes first.
        visits: [K] steps.
        everywhere: see `Extremes`.
        names: of the states and of the actions.
        of: the quantities: `q`, `a` or all of them.
        confidence: of the intervals.

    Returns:
        Columns of K rows, states in order of first appearance; places in `NEEDS` by quantity.
    """
    states, pairs, both = sums
    state_of = np.searchsorted(states.key, pairs.key >> ACTION_BITS)
    action_of = pairs.key & ((1 << ACTION_BITS) - 1)
    rows = np.lexsort([action_of, order[state_of]])
    state_visits = np.bincount(state_of, visits)

    def parts() -> Iterator[Part]:
        for chosen in _parts(rows):
            pair, state = pairs.take(chosen), states.take(state_of[chosen])
            part: Part = {"state": state.key, "action": action_of[chosen], "n": pair.count}
            if of == "all":
                part["pi"] = visits[chosen] / state_visits[state_of[chosen]]
            if of in ("all", "q"):
                of_q = _intervals(pair, everywhere, confidence, state)
                part |= _value("q", pair.mean, pair.standard_error(), of_q)
            if of == "all":
                part["v_n"] = state.count
                of_v = _intervals(state, everywhere, confidence)
                part |= _value("v", state.mean, state.standard_error(), of_v)
            if of in ("all", "a"):
                values = values_of_gains(state, everywhere)
                of_a, error = advantage_intervals(
                    pair, state, both.take(chosen), confidence, values
                )
                part |= _value("a", pair.mean - state.mean, error, of_a)
            yield part

    columns = _joined(len(rows), parts())
    needs = {
        name: columns.pop(f"{name}_needs").astype(np.int64)
        for name in ("q", "v", "a")
        if f"{name}_needs" in columns
    }
    states_of_rows, actions_of_rows = (
        labels.named(columns.pop(name).astype(np.int64))
        for name, labels in zip(("state", "action"), names, strict=True)
    )
    return {
        "state": Column(states_of_rows, "key"),
        "action": Column(actions_of_rows, "key"),
        "n": Column(columns.pop("n"), "count"),
        **_shown(columns),
        "needs": Column(needs_of(needs), "bound"),
    }, needs


def _parts(rows: Ints) -> Iterator[Ints]:
    return (rows[first : first + ROWS] for first in range(0, len(rows), ROWS))


def _intervals(
    moments: Moments, everywhere: Extremes, confidence: float, of: Moments | None = None
) -> Intervals:
    """Return the intervals of means; `of` are the moments of the states, where these are pairs."""
    values = values_of_gains(of or moments, everywhere)
    if of is not None:
        values = values_of_pairs(moments, values)
    return intervals_of_means(moments, confidence, values)


def _value(name: str, value: Floats, error: Floats, intervals: Intervals) -> Part:
    return {
        name: value,
        f"{name}_se": error,
        f"{name}_low": intervals.low,
        f"{name}_high": intervals.high,
        f"{name}_needs": intervals.needs.astype(np.int8),
    }


def _joined(n: int, parts: Iterator[Part]) -> Part:
    """Return columns of n rows, which are filled part by part."""
    first = next(parts)
    columns = {name: np.empty(n, column.dtype) for name, column in first.items()}
    begin = 0
    for part in chain([first], parts):
        end = begin + len(next(iter(part.values())))
        for name, column in part.items():
            columns[name][begin:end] = column
        begin = end
    return columns


def _shown(columns: Part) -> dict[str, Column]:
    """Return columns with their roles and the symbols of their heads."""
    shown: dict[str, Column] = {}
    for name, column in columns.items():
        letter, _, end = name.partition("_")
        if name == "pi":
            shown[name] = Column(column, symbol="π̂")
        elif name == "v_n":
            shown[name] = Column(column, "count", "n(s)")
        elif end:
            shown[name] = Column(column, "error" if end == "se" else "bound")
        else:
            shown[name] = Column(column, "value", f"{letter.upper()}\u0302")
    return shown

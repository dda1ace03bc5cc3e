"""Pictures of a log as a model: parts of the variance, entropy by pair, and the Markov table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rlcalc.charts import Axis, Band, Chart
from rlcalc.errors import shown
from rlcalc.estimators.log_model.contexts import PREVIOUS
from rlcalc.estimators.log_model.log_model import ACTION, END_NAME, NEXT, STATE
from rlcalc.estimators.log_model.step_counts import CountedSteps
from rlcalc.estimators.log_model.variance_split import PARTS
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Ints
from rlcalc.result import Fact

MOST_PAIRS = 40
"""Pairs that are drawn as bars."""
MOST_STATES = 12
"""States of a side of the Markov table; of more, the most frequent."""


def variance_charts(facts: Mapping[str, Fact], title: str) -> list[Chart]:
    """Return the parts of the variance of the gain with their intervals; none where unknown.

    Args:
        facts: of an answer.
        title: of the chart.
    """
    values = [facts.get(f"variance_{part}") for part in PARTS]
    errors = [facts.get(f"variance_{part}_se") for part in PARTS]
    if not all(isinstance(value, float) for value in values):
        return []
    columns: dict[str, Sequence[Any]] = {"part": list(PARTS), "variance": values}
    bands = []
    if all(isinstance(error, float) for error in errors):
        pairs = np.array([values, errors], dtype=np.float64)
        columns["low"] = np.maximum(pairs[0] - 2 * pairs[1], 0.0).tolist()
        columns["high"] = (pairs[0] + 2 * pairs[1]).tolist()
        bands = [Band("low", "high", "two standard errors")]
    return [
        Chart(
            name="variance",
            title=title,
            kind="points" if bands else "bars",
            columns=columns,
            x=Axis("part", "source of randomness", "names"),
            y=Axis("variance", "variance of the gain, reward²"),
            bands=bands,
        )
    ]


def entropy_charts(rows: Mapping[str, Sequence[Any]], title: str) -> list[Chart]:
    """Return the entropy of the next state of the pairs where it is largest, as bars.

    Args:
        rows: the columns of an answer.
        title: of the chart.
    """
    order = sorted(range(len(rows["state"])), key=lambda row: -rows["entropy"][row])[:MOST_PAIRS]
    total = len(rows["state"])
    return [
        Chart(
            name="entropy",
            title=title,
            kind="bars",
            columns={
                "pair": [f"{rows['state'][row]}, {rows['action'][row]}" for row in order],
                "entropy": [rows["entropy"][row] for row in order],
            },
            x=Axis("pair", "state, action", "names"),
            y=Axis("entropy", "entropy of the next state, bits"),
            note="" if len(order) == total else f"the {len(order)} largest of {total:,} pairs",
        )
    ]


def markov_chart(
    previous: CountedSteps, state: int, action: int, states: Labels, actions: Labels, p: float
) -> Chart:
    """Return what followed a pair, by the state before: a map of shares.

    Args:
        previous: steps by state, action, next state and the state before.
        state: the pair's.
        action: the pair's.
        states: names.
        actions: names.
        p: of the pair's test.
    """
    steps = previous.grouped(STATE, ACTION, PREVIOUS, NEXT)
    chosen = np.flatnonzero((steps.codes[0] == state) & (steps.codes[1] == action))
    before, following, count = steps.codes[2][chosen], steps.codes[3][chosen], steps.count[chosen]
    kept_before, kept_next = (_most_frequent(codes, count) for codes in (before, following))
    total = {code: int(count[before == code].sum()) for code in kept_before.tolist()}
    cells = [
        (b, x, int(count[(before == b) & (following == x)].sum()))
        for b in kept_before.tolist()
        for x in kept_next.tolist()
    ]
    pair = f"({shown(states.texts[state])}, {shown(actions.texts[action])})"
    left_out = len(np.unique(before)) + len(np.unique(following))
    left_out -= len(kept_before) + len(kept_next)
    return Chart(
        name="markov",
        title=f"What follows {pair}, by the state before",
        kind="map",
        columns={
            "before": [_name(states, b, "(first step)") for b, _, _ in cells],
            "next": [_name(states, x, END_NAME) for _, x, _ in cells],
            "share": [n / total[b] for b, _, n in cells],
            "n": [f"{n / total[b]:.2f}\n{n:,}" for b, _, n in cells],
        },
        x=Axis("next", "next state", "names"),
        y=Axis("before", "state before", "names"),
        colour=Axis("share", "share", limits=(0.0, 1.0)),
        text="n",
        note=f"shares and steps; p {p:.2g}: rows are alike if the state is Markov"
        + (f"; {left_out} rare states are left out" if left_out else ""),
    )


def _name(states: Labels, code: int, otherwise: str) -> str:
    return states.texts[code] if code >= 0 else otherwise


def _most_frequent(codes: Ints, count: Ints) -> Ints:
    """Return the most frequent codes, in rising order; the negative one last."""
    known, place = np.unique(codes, return_inverse=True)
    total = np.bincount(place, count)
    chosen = known[np.argsort(-total, kind="stable")[:MOST_STATES]]
    return np.sort(chosen.astype(np.uint64)).astype(np.int64)

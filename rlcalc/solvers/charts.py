"""Pictures of a solution: values as a map with the policy's arrows, or as bars; and iterations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rlcalc.charts import Axis, Chart
from rlcalc.errors import shown
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.solvers.problem import Iteration

MOST_BARS = 40
"""States that are drawn as bars."""
MOST_POINTS = 1000
"""Points of a line of states that are numbers."""
MOST_CELLS = 80
"""Rows and columns of a map; of more, neighbours are drawn together."""
WIDEST = 12
"""Columns of a map up to which its cells have room for a number."""
DIRECTIONS = "→↘↓↙←↖↑↗"
READING = "←↖↑↗→↘↓↙"
"""The order in which several arrows are written."""
CLEAR = 0.2
"""The least length of an action's mean move, relative to the moves, that gives it a direction."""


VALUE = Axis("v", "V, reward")


def value_charts(
    mdp: MDP, value: Floats, weight: Floats, title: str, axis: Axis = VALUE
) -> list[Chart]:
    """Return V as a map if the states have cells, else as bars.

    Args:
        mdp: the model.
        value: [S] V, or another number of each state.
        weight: [K] π(a|s), for the arrows of the map.
        title: of the answer.
        axis: of the numbers.
    """
    if mdp.cells is not None and (mdp.cells[:, 0] >= 0).any():
        if mdp.cells.max() >= MOST_CELLS:
            return [tile_map(mdp.cells, value, title, axis)]
        return [value_map(mdp, mdp.cells, value, weight, title, axis)]
    if mdp.n_states > MOST_BARS and not mdp.states.textual:
        return [_line_of_values(mdp, value, title, axis)]
    n = min(mdp.n_states, MOST_BARS)
    states = [str(name) for name in mdp.states.named(np.arange(n))]
    return [
        Chart(
            name="values",
            title=title,
            kind="bars",
            columns={"state": states, axis.column: _finite(value[:n])},
            x=Axis("state", "state", "names"),
            y=axis,
            note="" if n == mdp.n_states else f"the first {n} of {mdp.n_states:,} states",
        )
    ]


def average_charts(
    mdp: MDP, gain: Floats, value: Floats, weight: Floats, title: str
) -> list[Chart]:
    """Return the gain of each state, where the states differ, and V, the bias.

    Args:
        mdp: the model.
        gain: [S] average reward.
        value: [S] V.
        weight: [K] π(a|s).
        title: of the answer.
    """
    biases = value_charts(mdp, value, weight, title)
    if np.ptp(gain[~mdp.expected.terminal]) == 0:
        return biases

    of_gain = value_charts(mdp, gain, weight, title, Axis("gain", "gain, reward a step"))
    return [replace(chart, name="gain") for chart in of_gain] + biases


def _finite(numbers: Floats) -> list[float | None]:
    return [number if np.isfinite(number) else None for number in numbers.tolist()]


def _line_of_values(mdp: MDP, value: Floats, title: str, axis: Axis) -> Chart:
    """Return V against states that are numbers, without the terminal ones."""
    number = np.array(mdp.states.named(np.arange(mdp.n_states)), dtype=np.float64)
    order = np.argsort(number, kind="stable")
    order = order[~mdp.expected.terminal[order]]
    every = order[:: -(-len(order) // MOST_POINTS)]
    return Chart(
        name="values",
        title=title,
        kind="line",
        columns={"state": number[every].tolist(), axis.column: _finite(value[every])},
        x=Axis("state", "state"),
        y=axis,
        note="" if len(every) == len(order) else f"{len(every):,} of {len(order):,} states",
    )


def value_map(
    mdp: MDP, cells: Ints, value: Floats, weight: Floats, title: str, axis: Axis = VALUE
) -> Chart:
    """Return V of each cell, with an arrow for each action that the policy prefers there.

    Args:
        mdp: the model.
        cells: [S, 2] row and column of each state.
        value: [S] V.
        weight: [K] π(a|s).
        title: of the answer.
        axis: of the numbers.
    """
    state = np.flatnonzero(cells[:, 0] >= 0)
    state = state[np.lexsort((cells[state, 1], cells[state, 0]))]
    arrows = preferred_moves(mdp, cells, weight)
    wide = int(cells[:, 1].max()) + 1
    texts = [arrows[s] for s in state.tolist()]
    if wide <= WIDEST:
        numbers = [f"{v:.3g}" for v in value[state].tolist()]
        texts = [f"{a}\n{v}" if a else v for a, v in zip(texts, numbers, strict=True)]
    hidden = int((~mdp.expected.terminal & (cells[:, 0] < 0)).sum())
    return Chart(
        name="value_map",
        title=title,
        kind="map",
        columns={
            "column": cells[state, 1].tolist(),
            "row": cells[state, 0].tolist(),
            "state": [str(name) for name in mdp.states.named(state)],
            axis.column: _finite(value[state]),
            "policy": texts,
        },
        x=Axis("column", "column", "names", names=range(wide)),
        y=Axis("row", "row", "names", names=range(int(cells[:, 0].max()) + 1)),
        colour=axis,
        text="policy",
        note=f"{hidden:,} states that are not terminal have no cell" if hidden else "",
    )


def tile_map(cells: Ints, value: Floats, title: str, axis: Axis = VALUE) -> Chart:
    """Return the mean V of square tiles of a grid that is too large to draw.

    Args:
        cells: [S, 2] row and column of each state.
        value: [S] V.
        title: of the answer.
        axis: of the numbers.
    """
    known = cells[:, 0] >= 0
    side = -(-(int(cells.max()) + 1) // MOST_CELLS)
    row, column = (cells[known] // side).T
    wide = int(column.max()) + 1
    tile, which = np.unique(row * wide + column, return_inverse=True)
    n = np.bincount(which.reshape(-1))
    mean = np.bincount(which.reshape(-1), value[known]) / n
    return Chart(
        name="value_map",
        title=title,
        kind="map",
        columns={
            "column": (tile % wide * side).tolist(),
            "row": (tile // wide * side).tolist(),
            axis.column: _finite(mean),
            "states": n.tolist(),
        },
        x=Axis("column", "column", "names", names=range(0, wide * side, side)),
        y=Axis("row", "row", "names"),
        colour=replace(axis, title=f"mean {axis.title}"),
        note=f"mean of {side} x {side} cells",
    )


def preferred_moves(mdp: MDP, cells: Ints, weight: Floats) -> list[str]:
    """Return [S] the arrows of the actions with the largest probability, or their names.

    Args:
        mdp: the model.
        cells: [S, 2] row and column of each state.
        weight: [K] π(a|s).
    """
    direction = action_directions(mdp, cells)
    texts = []
    for s in range(mdp.n_states):
        pair = np.arange(mdp.pair_start[s], mdp.pair_start[s + 1])
        most = weight[pair].max(initial=0.0)
        best = mdp.action[pair[weight[pair] >= most * (1 - 1e-9)]] if most else []
        known = [direction[a] for a in best if direction[a]]
        names = [shown(mdp.actions.texts[a], 6) for a in best[:1]] if len(best) == 1 else []
        texts.append("".join(sorted(known, key=READING.index)) if known else "".join(names))
    return texts


def action_directions(mdp: MDP, cells: Ints) -> list[str]:
    """Return for each action the arrow of its mean move to a neighbouring cell, or nothing.

        d(a) = Σ_s Σ_s' P(s'|s,a) (cell of s' − cell of s)      over moves to one of 8 neighbours

    An action has a direction if most of its moves go to neighbours, and these mostly agree: then
    walls, slips and a few jumps do not matter, and the names of actions do not either.
    """
    pair = np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))
    before = cells[mdp.expected.pair_state[pair]]
    move = cells[mdp.next_state] - before
    known = (before[:, 0] >= 0) & (cells[mdp.next_state, 0] >= 0) & (move != 0).any(1)
    near = known & (np.abs(move) <= 1).all(1)
    action, n = mdp.action[pair], len(mdp.actions)
    total = np.bincount(action, mdp.probability * known, n)
    close = np.bincount(action, mdp.probability * near, n)
    down, right = (np.bincount(action, mdp.probability * near * move[:, i], n) for i in (0, 1))
    clear = (2 * close >= total) & (np.hypot(down, right) > CLEAR * close)
    eighth = np.rint(np.arctan2(down, right) / (np.pi / 4)).astype(int) % 8
    return [DIRECTIONS[e] if c else "" for e, c in zip(eighth.tolist(), clear, strict=True)]


def iteration_charts(trace: Sequence[Iteration], title: str) -> list[Chart]:
    """Return the bound and the change of each iteration, on a logarithmic scale.

    Args:
        trace: of the iterations.
        title: of the answer.
    """
    kinds = {"proven bound": [r.bound for r in trace], "change": [r.change for r in trace]}
    rows = [
        (row.iteration, name, size)
        for name, sizes in kinds.items()
        for row, size in zip(trace, sizes, strict=True)
        if size is not None and np.isfinite(size) and size > 0
    ]
    if not rows:
        return []
    iteration, name, size = (list(column) for column in zip(*rows, strict=True))
    return [
        Chart(
            name="iterations",
            title=title,
            kind="line",
            columns={"iteration": iteration, "of": name, "size": size},
            x=Axis("iteration", "iteration"),
            y=Axis("size", "largest difference, reward", "log"),
            colour=Axis("of", "", "names"),
        )
    ]

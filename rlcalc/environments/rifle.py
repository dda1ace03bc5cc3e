"""The rifle: aim and fire once; a bad gun makes the next state random, a bad bullet the reward.

The state is where the rifle aims, (x1,y1); the action is to aim at (x2,y2) and fire. The next state
is where it really aims then, (x2',y2'), and the reward is 1 if the bullet lands on the target.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from rlcalc.documents import Chance, World
from rlcalc.errors import InputError
from rlcalc.labels import Labels
from rlcalc.mdp import MDP
from rlcalc.numerics.probabilities import SUM_TOLERANCE, chance_of

Cell = tuple[int, int]
Scatter = dict[Cell, float]  # (dx, dy) → probability

NEIGHBOURS = ((1, 0), (-1, 0), (0, 1), (0, -1))
BAD = 0.4
"""The probability that a bad gun or bullet goes to a neighbour, uniform over the four."""

LARGEST = 20_000_000
"""Most outcomes of the table of a grid."""


def scatter_distribution(value: object) -> Scatter:
    """Return the distribution of a shot's offset from its aim.

    >>> scatter_distribution({"scatter": 0.4})
    {(0, 0): 0.6, (1, 0): 0.1, (-1, 0): 0.1, (0, 1): 0.1, (0, -1): 0.1}

    Args:
        value: `good`, `bad`, `{scatter: p}`, or `[[dx, dy, p], ...]`.

    Raises:
        ValueError: the value is none of these.
    """
    if value == "good":
        return {(0, 0): 1.0}
    if value == "bad":
        return scatter_distribution({"scatter": BAD})
    if isinstance(value, dict) and set(value) == {"scatter"}:
        p = scatter_probability(value["scatter"])
        around = {cell: p / 4 for cell in NEIGHBOURS}
        return {(0, 0): 1.0 - p, **around} if p else {(0, 0): 1.0}
    if isinstance(value, list) and value:
        return _table(value)
    raise ValueError(f"{value!r} is none of good, bad, {{scatter: p}} and [[dx, dy, p], ...]")


def scatter_probability(value: object) -> float:
    """Return a probability, which may be written as a chance_of.

    Raises:
        ValueError: the value is not a probability.
    """
    p = chance_of(value)
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
        raise ValueError(f"{value!r} is not a probability from 0 to 1")
    return float(p)


def _table(rows: list[Any]) -> Scatter:
    table: Scatter = {}
    for row in rows:
        whole = isinstance(row, list) and len(row) == 3 and all(type(d) is int for d in row[:2])
        if not whole:
            raise ValueError(f"{row!r} is not [dx, dy, p]: two whole numbers and a probability")
        cell = (row[0], row[1])
        table[cell] = table.get(cell, 0.0) + scatter_probability(row[2])
    if abs(sum(table.values()) - 1) > SUM_TOLERANCE:
        raise ValueError(
            f"the probabilities of the offsets sum to {sum(table.values()):.10g}, expected 1"
        )
    return {cell: p for cell, p in table.items() if p > 0}


def grid_size(value: object) -> Cell:
    """Return the width and height of the grid.

    Raises:
        ValueError: the value is neither a whole number nor two of them.
    """
    sides: list[Any] = value if isinstance(value, list) else [value, value]
    if len(sides) != 2 or not all(type(side) is int and side >= 1 for side in sides):
        raise ValueError(f"size is {value!r}, expected a whole number from 1, or [width, height]")
    return sides[0], sides[1]


def target_cell(value: object) -> Cell | Literal["aimed"]:
    """Return the cell to hit.

    Raises:
        ValueError: the value is neither `aimed` nor a cell.
    """
    if value == "aimed":
        return "aimed"
    if isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value):
        return value[0], value[1]
    raise ValueError(f"target is {value!r}, expected aimed or a cell [x, y]")


Offsets = list[tuple[int, int, Chance]]
Scattering = Annotated[
    Any,
    BeforeValidator(
        scatter_distribution, Literal["good", "bad"] | dict[Literal["scatter"], Chance] | Offsets
    ),
    Field(validate_default=True),
]


SCATTERED = "good, bad (0.1 to each neighbour), {scatter: p} or [[dx, dy, p], ...]"


class Parameters(World):
    """The parameters of the rifle."""

    environment: str = "rifle"
    gun: Annotated[Scattering, Field(description=f"offset of the aim: {SCATTERED}")] = "good"
    bullet: Annotated[Scattering, Field(description="offset of the landing: likewise")] = "good"
    size: Annotated[
        Any,
        BeforeValidator(grid_size, int | Cell),
        Field(validate_default=True, description="size of the grid: a side, or [width, height]"),
    ] = 3
    target: Annotated[
        Any,
        BeforeValidator(target_cell, Literal["aimed"] | Cell),
        Field(description="the cell with reward 1: aimed (the cell aimed at), or [x, y]"),
    ] = "aimed"


def cell_name(cell: Cell) -> str:
    """Return the name of a cell."""
    return f"({cell[0]},{cell[1]})"


def build(parameters: Parameters) -> MDP:
    """Return the rifle as a model of one step.

        P(s' = c + g | a = c) = gun(g)
        P(r = 1 | s', a)      = Σ_b bullet(b) [s' + b is the target]

    The real aim after the shot is a terminal state. Aims and landings may lie outside the grid.

    Args:
        parameters: gun, bullet, size, target.

    Raises:
        InputError: the grid is too large for a table.
    """
    width, height = parameters.size
    n = width * height
    _require_room(n, n * n * len(parameters.gun))  # before anything of that size is made
    cells = list(product(range(width), range(height)))
    outcomes = _outcomes(parameters, cells)
    _require_room(n, n * len(outcomes))
    after = sorted({cell for _, cell, _, _ in outcomes})
    states = Labels(
        [*map(cell_name, cells), *(f"{cell_name(cell)} fired" for cell in after)], textual=True
    )
    number = {cell: n + place for place, cell in enumerate(after)}
    each = np.array([(a, number[cell], p, r) for a, cell, p, r in outcomes])
    state = np.repeat(np.arange(n), len(outcomes))
    action, following, share, reward = np.tile(each, (n, 1)).T
    mdp = MDP.from_rows(
        state, action, following, share, reward, states, Labels(map(cell_name, cells), textual=True)
    )
    start = np.zeros(len(states))
    start[0] = 1.0
    gamma = 1.0 if parameters.gamma is None else parameters.gamma
    at = np.full((len(states), 2), -1, dtype=np.int64)
    at[:n] = [(height - 1 - y, x) for x, y in cells]  # y goes up
    name = parameters.name or "rifle"
    return replace(mdp, gamma=gamma, start=start, name=name, cells=at)


def _require_room(n: int, outcomes: int) -> None:
    if outcomes > LARGEST:
        raise InputError(
            f"too many outcomes: a rifle with {n:,} aims has at least {outcomes:,}",
            fix=f"give a smaller --set size: the table may have {LARGEST:,} outcomes",
        )


def _outcomes(parameters: Parameters, cells: list[Cell]) -> list[tuple[int, Cell, float, float]]:
    """Return for each outcome the action, the real aim, the probability and the reward."""
    outcomes: list[tuple[int, Cell, float, float]] = []
    for action, cell in enumerate(cells):
        goal = cell if parameters.target == "aimed" else parameters.target
        for (dx, dy), share in parameters.gun.items():
            aimed = (cell[0] + dx, cell[1] + dy)
            hit = parameters.bullet.get((goal[0] - aimed[0], goal[1] - aimed[1]), 0.0)
            outcomes.append((action, aimed, share * hit, 1.0))
            outcomes.append((action, aimed, share * (1.0 - hit), 0.0))
    return [outcome for outcome in outcomes if outcome[2] > 0]

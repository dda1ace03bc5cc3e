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

from rlcalc.documents import Chance, World, quotient
from rlcalc.errors import InputError
from rlcalc.labels import Labels
from rlcalc.mdp import MDP, SUM_TOLERANCE

Cell = tuple[int, int]
Scatter = dict[Cell, float]  # (dx, dy) → probability

NEIGHBOURS = ((1, 0), (-1, 0), (0, 1), (0, -1))
BAD = 0.4
"""How often a bad gun or bullet goes to one of the four neighbours, each as often as the others."""

LARGEST = 20_000_000
"""Outcomes that the table of a grid may have."""


def scattered(given: object) -> Scatter:
    """Return where a shot goes, as seen from where it was meant to go.

    >>> scattered({"scatter": 0.4})
    {(0, 0): 0.6, (1, 0): 0.1, (-1, 0): 0.1, (0, 1): 0.1, (0, -1): 0.1}

    Args:
        given: `good`, `bad`, `{scatter: p}`, or `[[dx, dy, p], ...]`.

    Raises:
        ValueError: it is none of these.
    """
    if given == "good":
        return {(0, 0): 1.0}
    if given == "bad":
        return scattered({"scatter": BAD})
    if isinstance(given, dict) and set(given) == {"scatter"}:
        p = chance(given["scatter"])
        around = {cell: p / 4 for cell in NEIGHBOURS}
        return {(0, 0): 1.0 - p, **around} if p else {(0, 0): 1.0}
    if isinstance(given, list) and given:
        return _table(given)
    raise ValueError(f"{given!r} is none of good, bad, {{scatter: p}} and [[dx, dy, p], ...]")


def chance(given: object) -> float:
    """Return a probability, which may be written as a quotient.

    Raises:
        ValueError: it is none.
    """
    p = quotient(given)
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
        raise ValueError(f"{given!r} is no probability from 0 to 1")
    return float(p)


def _table(rows: list[Any]) -> Scatter:
    table: Scatter = {}
    for row in rows:
        whole = isinstance(row, list) and len(row) == 3 and all(type(d) is int for d in row[:2])
        if not whole:
            raise ValueError(f"{row!r} is no [dx, dy, p]: two whole numbers and a probability")
        cell = (row[0], row[1])
        table[cell] = table.get(cell, 0.0) + chance(row[2])
    if abs(sum(table.values()) - 1) > SUM_TOLERANCE:
        raise ValueError(f"the probabilities of the offsets sum to {sum(table.values()):.10g}")
    return {cell: p for cell, p in table.items() if p > 0}


def grid(given: object) -> Cell:
    """Return width and height.

    Raises:
        ValueError: it is neither a whole number nor two of them.
    """
    sides: list[Any] = given if isinstance(given, list) else [given, given]
    if len(sides) != 2 or not all(type(side) is int and side >= 1 for side in sides):
        raise ValueError(f"size is {given!r}, expected a whole number from 1, or [width, height]")
    return sides[0], sides[1]


def cell_to_hit(given: object) -> Cell | Literal["aimed"]:
    """Return the cell to hit.

    Raises:
        ValueError: it is neither `aimed` nor a cell.
    """
    if given == "aimed":
        return "aimed"
    if isinstance(given, list) and len(given) == 2 and all(type(part) is int for part in given):
        return given[0], given[1]
    raise ValueError(f"target is {given!r}, expected aimed or a cell [x, y]")


Offsets = list[tuple[int, int, Chance]]
Scattering = Annotated[
    Any,
    BeforeValidator(scattered, Literal["good", "bad"] | dict[Literal["scatter"], Chance] | Offsets),
    Field(validate_default=True),
]


SCATTERED = "good, bad (0.1 to each neighbour), {scatter: p} or [[dx, dy, p], ...]"


class Parameters(World):
    """What can be said about the rifle."""

    environment: str = "rifle"
    gun: Annotated[Scattering, Field(description=f"where it really aims: {SCATTERED}")] = "good"
    bullet: Annotated[Scattering, Field(description="where it lands: the same words")] = "good"
    size: Annotated[
        Any,
        BeforeValidator(grid, int | Cell),
        Field(validate_default=True, description="of the grid: a side, or [width, height]"),
    ] = 3
    target: Annotated[
        Any,
        BeforeValidator(cell_to_hit, Literal["aimed"] | Cell),
        Field(description="what pays 1: aimed, the cell aimed at, or a cell [x, y]"),
    ] = "aimed"


def aim(cell: Cell) -> str:
    """Return the name of a cell."""
    return f"({cell[0]},{cell[1]})"


def build(parameters: Parameters) -> MDP:
    """Return the rifle as a model of one step.

        P(s' = c + g | a = c) = gun(g)
        P(r = 1 | s', a)      = Σ_b bullet(b) [s' + b is the target]

    Where it really aims once it has fired is a state in which nothing can be done any more. Aims
    and landings may lie outside the grid.

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
    states = Labels([*map(aim, cells), *(f"{aim(cell)} fired" for cell in after)], textual=True)
    number = {cell: n + place for place, cell in enumerate(after)}
    each = np.array([(a, number[cell], p, r) for a, cell, p, r in outcomes])
    state = np.repeat(np.arange(n), len(outcomes))
    action, following, share, reward = np.tile(each, (n, 1)).T
    mdp = MDP.from_rows(
        state, action, following, share, reward, states, Labels(map(aim, cells), textual=True)
    )
    start = np.zeros(len(states))
    start[0] = 1.0
    name = parameters.name or "rifle"
    return replace(mdp, gamma=_gamma(parameters), start=start, name=name)


def _require_room(n: int, outcomes: int) -> None:
    if outcomes > LARGEST:
        raise InputError(
            f"a rifle with {n:,} aims has {outcomes:,} outcomes or more: each of {n:,} states has "
            "each of as many actions",
            fix=f"take a smaller --set size: there may be {LARGEST:,}",
        )


def _gamma(parameters: Parameters) -> float:
    return 1.0 if parameters.gamma is None else parameters.gamma


def _outcomes(parameters: Parameters, cells: list[Cell]) -> list[tuple[int, Cell, float, float]]:
    """Return the action, where it really aims then, how probable that is, and the reward."""
    outcomes: list[tuple[int, Cell, float, float]] = []
    for action, cell in enumerate(cells):
        goal = cell if parameters.target == "aimed" else parameters.target
        for (dx, dy), share in parameters.gun.items():
            aimed = (cell[0] + dx, cell[1] + dy)
            hit = parameters.bullet.get((goal[0] - aimed[0], goal[1] - aimed[1]), 0.0)
            outcomes.append((action, aimed, share * hit, 1.0))
            outcomes.append((action, aimed, share * (1.0 - hit), 0.0))
    return [outcome for outcome in outcomes if outcome[2] > 0]

"""Grids: which state is which cell, from ROWSxCOLUMNS or from the row and column of each state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from operator import index
from typing import Any

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.labels import text_of_label
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Ints
from rlcalc.readers.models.names import unknown_name

SIZE = re.compile(r"\s*(\d{1,9})\s*[x×X*]\s*(\d{1,9})\s*")


def with_grid(mdp: MDP, grid: str | Mapping[Any, Any], where: str) -> MDP:
    """Return a model whose states have cells.

    Args:
        mdp: the model.
        grid: ROWSxCOLUMNS, whose rows the states fill in their order; states that are left over
            have no cell, and must be terminal. Or {state: [row, column]}, both from 0.
        where: the option or the place in a document, for errors.

    Raises:
        InputError: a grid of another size, an unknown state, or two states in one cell.
    """
    if isinstance(grid, str):
        return replace(mdp, cells=_cells_in_order(mdp, grid, where))
    return replace(mdp, cells=_cells_by_state(mdp, grid, where))


def _cells_by_state(mdp: MDP, grid: Any, where: str) -> Ints:
    """Return [S, 2] the row and the column that a mapping gives each state.

    Raises:
        InputError: it is not such a mapping, or two states are in one cell.
    """
    cells = np.full((mdp.n_states, 2), -1, dtype=np.int64)
    for name, cell in grid.items() if isinstance(grid, Mapping) else [("", None)]:
        try:
            row, column = map(index, cell or ())
        except (TypeError, ValueError):
            row = column = -1
        if min(row, column) < 0:
            raise InputError(
                f"the grid has {shown(cell or grid)} in place of a row and a column",
                where,
                "give {state: (row, column)}, both from 0, or ROWSxCOLUMNS such as 4x12",
            )
        text = text_of_label(name)
        if text not in mdp.states:
            fault = unknown_name("state", text, mdp.states.texts, where)
            raise InputError(fault.what, fault.where, fault.fix)
        cells[mdp.states.code(text)] = row, column
    used = cells[cells[:, 0] >= 0]
    if len(np.unique(used, axis=0)) < len(used):
        raise InputError(
            "two states of the grid are in one cell", where, "give each state its own cell"
        )
    return cells


def _cells_in_order(mdp: MDP, size: str, where: str) -> Ints:
    """Return [S, 2] the cells of a grid whose rows the states fill.

    Raises:
        InputError: the size cannot be read, or is not that of the model.
    """
    match = SIZE.fullmatch(size)
    if not match:
        raise InputError(
            f"the grid {shown(size)} is not ROWSxCOLUMNS", where, "write a size such as 4x12"
        )
    rows, columns = map(int, match.groups())
    n, n_cells = mdp.n_states, rows * columns
    if n_cells > n or not mdp.expected.terminal[n_cells:].all():
        raise InputError(
            f"a grid of {rows:,}x{columns:,} has {n_cells:,} cells, and the model {n:,} states",
            where,
            "give the size whose rows the states fill in their order, or in a document "
            "grid: {STATE: [ROW, COLUMN], ...}",
        )
    cells = np.full((n, 2), -1, dtype=np.int64)
    cells[:n_cells] = np.stack(np.divmod(np.arange(n_cells), columns), axis=1)
    return cells

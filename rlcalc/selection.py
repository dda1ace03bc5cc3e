"""Selection: which rows of an answer to show, and in which order, by the cells of its columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.conditions import ORDER, Condition
from rlcalc.errors import UsageError, listed, meant, shown
from rlcalc.labels import number_of_label, text_of_label
from rlcalc.numerics.arrays import Ints

Columns = Mapping[str, Sequence[Any] | NDArray[Any]]


def sorted_places(columns: Columns, keys: Sequence[str]) -> Ints:
    """Return the rows' places in the order of some columns; rows that are equal keep theirs.

    Numbers come before words and in their order, also where a label writes them; a missing cell
    comes last, whatever the direction.

    Args:
        columns: the cells by the names of the columns.
        keys: each COLUMN, or COLUMN:desc for the largest first; the first decides first.

    Raises:
        UsageError: there is no such column.
    """
    ranks = []
    for key in keys:
        name, colon, direction = key.rpartition(":")
        if key in columns or not colon or direction not in ("asc", "desc"):
            name, direction = key, "asc"
        require_column(columns, name, "--sort")
        rank, n_known = _ranks(columns[name])
        missing = rank == n_known
        ranks.append(
            np.where(missing, n_known, n_known - 1 - rank) if direction == "desc" else rank
        )
    return np.lexsort(ranks[::-1]).astype(np.int64)


def fitting_places(columns: Columns, conditions: Sequence[Condition]) -> Ints:
    """Return the places of the rows that fit all conditions, in their order.

    Raises:
        UsageError: there is no such column.
    """
    fits = np.ones(len(next(iter(columns.values()), ())), dtype=bool)
    for condition in conditions:
        require_column(columns, condition.column, "--having")
        fits &= _fits(columns[condition.column], condition)
    return np.flatnonzero(fits)


def require_column(columns: Columns, name: str, option: str) -> None:
    """Refuse a column that an answer does not have.

    Raises:
        UsageError: with the nearest name.
    """
    if name not in columns:
        raise UsageError(
            f"{option}: the answer has no column {shown(name)}",
            fix=meant(name, columns) + f"there are {listed(columns, most=30)}",
        )


def _ranks(cells: Sequence[Any] | NDArray[Any]) -> tuple[Ints, int]:
    """Return each cell's rank among the different ones, and their number: a missing one's rank."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iufb":
        is_known = np.isfinite(cells)
        known, rank = np.unique(cells[is_known], return_inverse=True)
        ranks = np.full(len(cells), len(known), dtype=np.int64)
        ranks[is_known] = rank
        return ranks, len(known)
    sort_keys = [None if _is_missing(cell) else _sort_key(cell) for cell in cells]
    known_keys = sorted({key for key in sort_keys if key is not None})
    rank_of: dict[Any, int] = {key: place for place, key in enumerate(known_keys)}
    rank_of[None] = len(known_keys)
    return np.array([rank_of[key] for key in sort_keys], dtype=np.int64), len(known_keys)


def _sort_key(cell: Any) -> tuple[int, float, str]:
    """Return what a cell is sorted by: numbers first, then words."""
    number = cell if isinstance(cell, int | float) else number_of_label(text_of_label(cell))
    return (1, 0.0, str(cell)) if number is None else (0, number, "")


def _is_missing(cell: Any) -> bool:
    return cell is None or cell == "" or (isinstance(cell, float) and not math.isfinite(cell))


def _fits(cells: Sequence[Any] | NDArray[Any], condition: Condition) -> NDArray[np.bool_]:
    """Return, row by row, what `Condition.keeps` returns; numbers without a text for each."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf":
        if condition.comparison in ORDER:
            limit = number_of_label(condition.values[0])
            fits: NDArray[np.bool_] = ORDER[condition.comparison](cells, limit) & np.isfinite(cells)
            return fits
        numbers = [number_of_label(value) for value in condition.values]
        equal = np.isin(cells, [number for number in numbers if number is not None])
        return ~equal if condition.comparison == "!=" else equal
    plain = cells.tolist() if isinstance(cells, np.ndarray) else cells
    texts = [None if _is_missing(cell) else cell for cell in plain]
    return np.fromiter(map(condition.keeps, texts), dtype=bool, count=len(texts))

"""Arrays: their types, checks, rows and lengths; sums over segments, codes, and a stable sort."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, listed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Flags = NDArray[np.bool_]
Numbers = TypeVar("Numbers", Floats, Ints)


def differs_from_previous(values: NDArray[Any]) -> Flags:
    """Return [N] whether a value differs from the previous one; True for the first."""
    differs = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs


def segment_sums(values: Numbers, start: Ints) -> Numbers:
    """Return the sums of values[start[g] : start[g + 1]], with no empty segment."""
    return np.add.reduceat(values, start[:-1]) if len(start) > 1 else values[:0]


def segment_means(values: Floats, start: Ints) -> Floats:
    """Return the means of segments: x_1 + Σ (x_i − x_1)/G, exact where all are equal."""
    first, size = values[start[:-1]], np.diff(start)
    return first + segment_sums(values - np.repeat(first, size), start) / size


def sorted_segments(values: Floats, start: Ints) -> Floats:
    """Return the values of each segment in rising order, segment after segment; none is empty."""
    size = np.diff(start)
    ascending = np.empty_like(values)
    for n in np.flatnonzero(np.bincount(size)).tolist() if len(size) else []:
        chosen = np.flatnonzero(size == n)
        if len(chosen) == len(size):
            return np.sort(values.reshape(-1, n), axis=1).reshape(-1)
        places = start[chosen][:, None] + np.arange(n)
        ascending[places] = np.sort(values[places], axis=1)
    return ascending


def appearance_order(labels: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """Return the different labels in order of first appearance, and each entry's label number."""
    known, first, number = np.unique(labels, return_index=True, return_inverse=True)
    by_appearance = np.argsort(first)
    place = np.empty(len(known), dtype=np.int64)
    place[by_appearance] = np.arange(len(known))
    return known[by_appearance], place[number.reshape(-1)]


def gather_ranges(start: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the offsets and the members of some rows of a ragged array.

    Args:
        start: [N + 1] offsets of all rows.
        rows: [M] the numbers of the rows, in order.

    Returns:
        [M + 1] offsets; the members, row by row.
    """
    length = np.diff(start)[rows]
    offsets = np.concatenate([[0], np.cumsum(length)])
    return offsets, np.arange(offsets[-1]) + np.repeat(start[rows] - offsets[:-1], length)


def compact_codes(code: Ints | Codes, n: int) -> tuple[Ints, Ints]:
    """Return the codes renumbered from 0 without gaps, and the old code of each new one.

    Args:
        code: [T] at least 0 and below `n`.
        n: the number of possible codes.
    """
    if n <= 4 * len(code) + 64:
        used = np.bincount(code, minlength=n) > 0
        if used.all():
            return code.astype(np.int64), np.arange(n)
        key = np.flatnonzero(used)
        return (np.cumsum(used) - 1)[code], key
    order = stable_order(code, n)
    ordered = code[order]
    new = differs_from_previous(ordered)
    number = np.empty(len(code), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return number, ordered[new].astype(np.int64)


def weighted_counts(code: Ints, weight: Floats, n: int) -> Floats:
    """Return [n] the sums of weights by code, as floats also where there are none."""
    sums: Floats = np.bincount(code, weight, n).astype(np.float64, copy=False)
    return sums


def stable_order(key: Ints | Codes, n: int) -> Ints:
    """Return the order that sorts keys below `n` and leaves equal ones as they are.

    By 16 bits at a time, the lowest first: numpy sorts those by radix, 5 to 10 times as fast as it
    sorts whole numbers (3.5 times for keys of two such digits).
    """
    order: Ints = np.argsort(key.astype(np.uint16), kind="stable")
    shift = 16
    while max(n - 1, 0) >> shift:
        digit = (key >> shift).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
        shift += 16
    return order


def refuse_entries(
    values: Floats,
    wrong: Flags,
    name: str,
    expected: str,
    place: Callable[[int], str] = "entry {}".format,
    source: str = "the arrays",
) -> None:
    """Refuse an array if entries of it are wrong.

    Raises:
        InputError: with the first of them, and the places of some.
    """
    if wrong.any():
        entries = np.flatnonzero(wrong)
        raise InputError(
            f"{name} is {values.flat[entries[0]]:g}, expected {expected}",
            f"{source}, {listed(map(place, entries[:3].tolist()), total=len(entries))}",
            fix=f"give {expected}",
        )


def take_rows(column: Any, rows: Ints | slice) -> Any:
    """Return the chosen rows of an array or of a Polars series."""
    if isinstance(rows, slice) or isinstance(column, np.ndarray):
        return column[rows]
    return column.gather(rows)


def value_counts(numbers: Ints) -> tuple[Ints, Ints]:
    """Return the different numbers in rising order, and how often each occurs."""
    if numbers.max(initial=0) > len(numbers):
        return np.unique(numbers, return_counts=True)
    counts = np.bincount(numbers)  # without sorting
    present = np.flatnonzero(counts)
    return present, counts[present]


def norm(vector: Floats) -> float:
    """Return the length of a vector."""
    return float(np.linalg.norm(vector))


def cosine(one: Floats, two: Floats) -> float:
    """Return the cosine of the angle between two vectors; NaN if one is 0."""
    size = norm(one) * norm(two)
    return float(one @ two) / size if size else float("nan")

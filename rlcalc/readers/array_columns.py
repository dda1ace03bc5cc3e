"""Arrays of numpy → Polars columns: [N] numbers, flags and texts, [N, ...] vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

PLAIN = "biufSU"
"""Kinds of types that columns can have: flags, numbers, bytes and texts."""


def is_plain(kind: np.dtype[Any]) -> bool:
    """Return whether arrays of a type can be columns: they are not complex, compound or objects."""
    return kind.kind in PLAIN and not kind.hasobject


def column_of(array: NDArray[Any]) -> pl.Series:
    """Return an array as a column; its cells are flat lists where it has more than one axis.

    Args:
        array: of a type that `is_plain`, or of texts.

    >>> column_of(np.array([[1, 2], [3, 4]], dtype=">i4")).to_list()
    [[1, 2], [3, 4]]
    """
    kind = array.dtype
    if array.ndim > 2:
        array = array.reshape(len(array), math.prod(array.shape[1:]))
    if kind.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    elif kind.kind == "f" and kind.itemsize not in (4, 8):
        array = array.astype(np.float32 if kind.itemsize < 4 else np.float64)
    elif not kind.isnative:
        array = array.astype(kind.newbyteorder("="))
    if array.dtype.kind == "O":
        return pl.Series(array.tolist(), dtype=pl.String)
    return pl.Series(np.ascontiguousarray(array))


def type_of(kind: np.dtype[Any], shape: tuple[int, ...]) -> pl.DataType:
    """Return the type of a column of an array.

    Args:
        kind: the type of its entries.
        shape: of one row.

    >>> type_of(np.dtype("f4"), (3,))
    Array(Float32, shape=(3,))
    """
    return column_of(np.empty((0, *shape), kind)).dtype


def without_last_axis_of_one(array: NDArray[Any]) -> NDArray[Any]:
    """Return [N, 1] as [N], and any other array as it is."""
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array

"""Arrays → tokens: npz files and arrays in memory, a row a rollout, or flat with offsets."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.numerics.arrays import Ints
from rlcalc.readers.sources import File
from rlcalc.readers.tokens.assemble import Columns, assemble
from rlcalc.readers.tokens.detect import require_log_probabilities
from rlcalc.readers.tokens.names import TokenRequest
from rlcalc.tokens import Tokens


def read(file: File, request: TokenRequest) -> Tokens:
    """Return the tokens of an npz file.

    Raises:
        InputError: it is damaged, pickled, or its shapes do not fit each other.
    """
    try:
        archive = np.load(file.path or io.BytesIO(file.stream.read()), allow_pickle=False)
        arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise InputError(
            f"this npz file cannot be read: {shown(error)}",
            file.at(),
            "save arrays of numbers with numpy.savez",
        ) from error
    return tokens_of_arrays(arrays, request, file.at())


OFFSETS = ("start", "offsets", "cu_seqlens", "starts")


def tokens_of_arrays(arrays: Mapping[str, Any], request: TokenRequest, where: str) -> Tokens:
    """Return the tokens of named arrays.

    Args:
        arrays: [N, L] a token each, [N] a rollout each, or [T] with offsets `start` of [N + 1].
        request: how to read them.
        where: the file, for messages.

    Raises:
        InputError: arrays whose shapes do not fit each other.
    """
    require_log_probabilities(arrays, arrays, where, request)
    chosen = request.chosen(arrays, where)
    edge = next((np.asarray(arrays[name], np.int64) for name in OFFSETS if name in arrays), None)
    tables = [
        np.shape(arrays[name])
        for field, name in chosen.items()
        if np.ndim(arrays[name]) == 2 and field != "attention"
    ]
    if not tables and edge is None:
        raise InputError(
            "the arrays are flat, and nothing tells where a rollout begins",
            where,
            "save arrays of the shape [rollouts, tokens], or the offsets as `start`",
        )
    size = (
        np.full(tables[0][0], max(shape[1] for shape in tables)) if edge is None else np.diff(edge)
    )
    columns = Columns(len(size))
    for field, name in chosen.items():
        _add(columns, field, np.asarray(arrays[name]), size)
    lengths = {f: len(sizes) for f, (_, sizes) in columns.lists.items()}
    lengths |= {f: len(values) for f, values in columns.scalars.items()}
    for field, n in lengths.items():
        if n != len(size):
            raise InputError(
                f"{chosen[field]} has {n} rows, and there are {len(size)} rollouts",
                where,
                "save one entry a rollout, or arrays of one shape [rollouts, tokens]",
            )
    return assemble(columns, request, where)


def _add(columns: Columns, field: str, array: Any, size: Ints) -> None:
    """Add an array to the columns: of tokens, or one entry a rollout, as an advantage may be."""
    if array.ndim == 2 and array.shape[1] == 1 and not (size == 1).all():
        columns.scalars[field] = array[:, 0]
    elif array.ndim == 2:
        columns.lists[field] = array.reshape(-1), np.full(len(array), array.shape[1])
    elif array.ndim == 1 and len(array) == size.sum() != len(size):
        columns.lists[field] = array, size
    elif array.ndim == 1:
        columns.scalars[field] = array

"""Partials as files: Arrow IPC of one row, in which every array is a cell.

rlcalc    `rlcalc partial 1`: the format and its version
head      JSON: the question, and the shards
content   JSON: what the shards say, whose arrays are in the other columns, named by numbers
digest    of all of it, so that a damaged file is noticed
"""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import BinaryIO

import numpy as np
import polars as pl

from rlcalc.packing import digest_of, packed
from rlcalc.partials import FORMAT, Partial


def write(partial: Partial, stream: BinaryIO) -> None:
    """Write a partial.

    Args:
        partial: what some shards say.
        stream: gets the bytes.
    """
    shards = [astuple(one) for one in partial.shards]
    head = json.dumps({"question": partial.question, "total": partial.total, "shards": shards})
    skeleton, arrays = packed(list(partial.nodes()))
    content = json.dumps(skeleton)
    columns = {
        "rlcalc": pl.Series([FORMAT]),
        "head": pl.Series([head]),
        "content": pl.Series([content]),
        "digest": pl.Series([digest_of(head, content, arrays)]),
    }
    for place, array in enumerate(arrays):
        columns[str(place)] = _cell(array)
    pl.DataFrame(columns).write_ipc(stream)


def _cell(array: object) -> pl.Series:
    if isinstance(array, bytes):
        return pl.Series([array], dtype=pl.Binary)
    kind = pl.String if isinstance(array, list) else None
    values = array if isinstance(array, list) else np.ascontiguousarray(array)
    return pl.Series(values, dtype=kind).implode()

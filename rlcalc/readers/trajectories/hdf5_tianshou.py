"""Buffers of tianshou (`ReplayBuffer.save_hdf5`): a ring of steps, or one for each environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import InputError
from rlcalc.readers.hdf5 import datasets_of, node_at
from rlcalc.readers.sources import File
from rlcalc.readers.trajectories.hdf5_columns import Part, Recording
from rlcalc.readers.trajectories.hdf5_leaves import (
    fields_of,
    key_of_parts,
    length_of,
    no_rewards,
    reward_of,
    table_of,
    without_other_states,
)

if TYPE_CHECKING:
    from h5py import Group

OVERWRITTEN = (
    "the buffer was full and written over: its first trajectory may lack the steps it began with"
)


def ring(root: Group, file: File, columns: Mapping[str, str]) -> Recording:
    """Return the steps of a buffer of tianshou: each environment's, from the oldest on."""
    meta = node_at(root, "_meta", file)
    arrays = datasets_of(meta, file)
    reward = reward_of(list(arrays), columns)
    if reward is None:
        raise no_rewards(meta, file)
    fields = fields_of(path for path, one in arrays.items() if one.shape)
    table = table_of(fields, arrays, file, spare=None)
    rings = _rings(root, length_of(arrays[reward]), file)
    parts = [
        Part(meta, "", number, begin, end, is_last=place == len(ranges) - 1)
        for number, (_, ranges) in enumerate(rings)
        for place, (begin, end) in enumerate(ranges)
    ]
    notes = [OVERWRITTEN] if any(full for full, _ in rings) else []
    key = key_of_parts("environment", table) if len(rings) > 1 else {}
    table = without_other_states(table, columns)
    return Recording({**key, **table}, iter(parts), sum(map(len, parts)), notes=notes)


def _rings(root: Group, size: int, file: File) -> list[tuple[bool, list[tuple[int, int]]]]:
    """Return of each buffer whether it was written over, and its rows from the oldest on.

    Raises:
        InputError: the numbers that tell so do not fit the arrays.
    """
    counters = {name: node_at(root, name, file) for name in ("_lengths", "_offset", "last_index")}
    known = {
        n: np.ravel(one[()]).astype(np.int64) for n, one in counters.items() if one is not None
    }
    last = known.get("last_index", np.array([-1]))
    offset = known.get("_offset", np.array([0]))
    lengths = known.get("_lengths", np.array([int(root.attrs.get("_size", -1))]))
    ends = np.append(offset[1:], size)
    room = ends - offset
    if not (
        len(last) == len(offset) == len(lengths)
        and ((lengths >= 0) & (lengths <= room) & (offset >= 0)).all()
        and ((last >= offset) & ((last < ends) | (lengths == 0))).all()
    ):
        raise InputError(
            "the sizes and places of this buffer of tianshou do not fit its arrays",
            file.at(),
            "save it anew with ReplayBuffer.save_hdf5",
        )
    rings = []
    for begin, length, end, newest in zip(offset, lengths, ends, last, strict=True):
        is_full = begin + length == end and newest + 1 < end
        ranges = [(newest + 1, end), (begin, newest + 1)] if is_full else [(begin, begin + length)]
        rings.append((bool(is_full), [(int(a), int(b)) for a, b in ranges if b > a]))
    return rings

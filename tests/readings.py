"""All that a reading of trajectories gives, in a form that can be compared with another reading."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from rlcalc.errors import InputError
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.trajectories.load import load
from rlcalc.trajectories import Trajectories


def outcome(path: Path, **request: Any) -> list[Any]:
    """Return the batches, labels, notes, counts and faults of a file."""
    try:
        experience = load([str(path)], ReadRequest(**request), collect_faults=True)
        batches = [_plain(batch) for batch in experience.batches]
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return [
        batches,
        experience.states.texts,
        experience.actions.texts,
        [labels.textual for labels in (experience.states, experience.actions)],
        experience.notes,
        experience.n_rows,
        experience.left_out,
        experience.oddities,
        experience.faults,
    ]


def _plain(batch: Trajectories) -> dict[str, Any]:
    """Return the columns of a batch; bytes tell every bit of them, NaN too."""
    columns = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {
        name: (str(column.dtype), column.tobytes()) if isinstance(column, np.ndarray) else column
        for name, column in columns.items()
        if name not in ("states", "actions")
    }

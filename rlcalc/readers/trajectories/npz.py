"""Arrays of numpy in npz files: steps, buffers of environments, and padded trajectories."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from rlcalc.errors import InputError
from rlcalc.readers.array_columns import column_of
from rlcalc.readers.npz import opened_archive
from rlcalc.readers.partitions import with_partition
from rlcalc.readers.sources import File
from rlcalc.readers.trajectories.array_steps import holds_steps, table_of_arrays
from rlcalc.readers.trajectories.buffer_names import OF_REQUEST
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.parquet import frames
from rlcalc.trajectories import Trajectories

STEPS = ("trajectories", "rewards, actions, observations and terminals, each [steps, ...],")
"""What an npz file of steps holds, for errors."""


def read(file: File, context: ReaderContext) -> Iterator[Trajectories]:
    """Yield the trajectories of a file.

    Raises:
        InputError: the file is damaged or holds a model, or its arrays do not fit each other.
    """
    request = context.request
    with opened_archive(file, *STEPS) as archive:
        if not holds_steps(archive.files, request.columns):
            raise InputError(
                "trajectories are in no npz file of these arrays",
                file.at(),
                "it may hold a model, for rlcalc solve; if it holds steps, name their arrays: "
                "--columns reward=NAME,state=NAME,action=NAME",
            )
        arrays = {name: archive[name] for name in archive.files}
    table, notes = table_of_arrays(arrays, file.at(), request.columns, OF_REQUEST.get(request.done))
    del arrays
    frame = pl.DataFrame([column_of(array).alias(name) for name, array in table.items()])
    for note in notes:
        context.experience.note(note)
    frame = with_partition(frame, context.partition(file), frame.columns)
    yield from frames(frame.lazy(), file.at(), context)

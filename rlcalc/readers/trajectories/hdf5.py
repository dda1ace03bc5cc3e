"""HDF5: datasets of Minari, D4RL, d3rlpy and robomimic, and buffers of tianshou."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from rlcalc.progress import counted
from rlcalc.readers.hdf5 import opened_hdf5, whole_hdf5
from rlcalc.readers.partitions import with_partition
from rlcalc.readers.sources import File
from rlcalc.readers.trajectories.buffer_names import OF_REQUEST
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.hdf5_layouts import recording_of
from rlcalc.trajectories import Trajectories


def read(file: File, context: ReaderContext) -> Iterator[Trajectories]:
    """Yield the trajectories of a file, batch by batch.

    Raises:
        InputError: the file is damaged, or its arrays are not as they should be.
    """
    with opened_hdf5(file) as root:
        with whole_hdf5(file):
            request = context.request
            recording = recording_of(root, file, request.columns, OF_REQUEST.get(request.done))
        partition, names = context.partition(file), list(recording.columns)
        schema = {name: column.type for name, column in recording.columns.items()}
        schema = with_partition(pl.DataFrame(schema=schema), partition, names).schema
        table = context.table(file.at(), dict(schema), recording.place, exact=recording.is_exact)
        for note in recording.notes:
            context.experience.note(note)
        sources = [name for name in table.sources if name in names]
        frames = _whole(file, recording.frames(sources, file))
        for frame in counted(frames, f"reading {file.name}", "rows", len, recording.total):
            yield from context.assembler.push(
                table.rows_of(with_partition(frame, partition, names))
            )


def _whole(file: File, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Pass frames on; only what is raised by their reading is an error of the file."""
    while True:
        with whole_hdf5(file):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame

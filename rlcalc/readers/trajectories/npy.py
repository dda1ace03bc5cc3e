"""An array of numpy in an npy file: records with a field for each column, a record a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcalc.errors import InputError, listed, shown
from rlcalc.progress import counted
from rlcalc.readers.array_columns import column_of, is_plain, type_of
from rlcalc.readers.partitions import with_partition
from rlcalc.readers.sources import File, copied
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.parquet import ROWS
from rlcalc.trajectories import Trajectories

BY_NAME = (
    "save the arrays of steps by name: numpy.savez('steps.npz', observations=OBSERVATIONS, "
    "actions=ACTIONS, rewards=REWARDS, terminals=TERMINALS)"
)


def read(file: File, context: ReaderContext) -> Iterator[Trajectories]:
    """Yield the trajectories of a file, batch by batch.

    Raises:
        InputError: the file is damaged, or its array has no fields, or needs unpickling.
    """
    array = _array(file)
    types = {name: array.dtype[name] for name in array.dtype.names or ()}
    wrong = [name for name, kind in types.items() if not is_plain(kind.base)]
    if wrong or not types or array.ndim != 1:
        what = f"is {shown(array.dtype)} of the shape {array.shape}, and not records of steps"
        if wrong:
            what = f"has the fields {listed(wrong)}, which are not numbers, flags or text"
        raise InputError(f"this array (npy) {what}", file.at(), BY_NAME)
    partition, names = context.partition(file), list(types)
    schema = {name: type_of(kind.base, kind.shape) for name, kind in types.items()}
    schema = with_partition(pl.DataFrame(schema=schema), partition, names).schema
    table = context.table(file.at(), dict(schema), lambda row: f"row {row + 1}")
    sources = [name for name in table.sources if name in types]
    batches = (array[begin : begin + ROWS] for begin in range(0, len(array), ROWS))
    for batch in counted(batches, f"reading {file.name}", "rows", len, len(array)):
        frame = pl.DataFrame([column_of(batch[name]).alias(name) for name in sources])
        frame = with_partition(frame, partition, names)
        yield from context.assembler.push(table.rows_of(frame))


def _array(file: File) -> NDArray[Any]:
    """Return the array, of which a file on disk is read as it is needed."""
    source = copied(file)
    try:
        if isinstance(source, str):
            return np.asarray(np.lib.format.open_memmap(source, mode="r"))
        return np.asarray(np.load(source, allow_pickle=False))
    except (ValueError, EOFError, OSError) as error:
        message = str(error)
        if "Object arrays" in message or "Python objects" in message:
            raise InputError(
                "an array of Python objects needs unpickling, which rlcalc never does",
                file.at(),
                BY_NAME,
            ) from error
        raise InputError(
            f"this npy file cannot be read: {shown(message, 200)}",
            file.at(),
            "if it was cut off or damaged, write it anew with numpy.save",
        ) from error

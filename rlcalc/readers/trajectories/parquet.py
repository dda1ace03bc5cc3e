"""Parquet, Arrow and databases: one step a row, or one trajectory a row with lists in its cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import polars as pl

from rlcalc.errors import InputError, listed, shown
from rlcalc.progress import counted
from rlcalc.readers.addresses import object_error
from rlcalc.readers.arrow_schema import names_of_columns
from rlcalc.readers.panics import PanicError, panics_raised
from rlcalc.readers.partitions import with_partition
from rlcalc.readers.remote_parquet import scanned
from rlcalc.readers.sources import DATABASES, HEAD, File, copied
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.trajectories import Trajectories

ROWS = 1 << 18


def read(file: File, context: ReaderContext) -> Iterator[Trajectories]:
    """Yield the trajectories of a file, batch by batch.

    Raises:
        InputError: the file is damaged, or a column or a cell is not as it should be.
    """
    with whole(file):
        lazy = scan(file)
        names = lazy.collect_schema().names()
        padded = file.kind == "arrow" and {"terminations", "truncations"} <= set(names)
        lazy = with_partition(lazy, context.partition(file), names)
        yield from frames(lazy, file.at(), context, padded=padded)


@contextmanager
def whole(file: File) -> Iterator[None]:
    """Turn what Polars raises over a damaged file into what, where and how to fix it."""
    try:
        with panics_raised() if file.kind == "arrow" else nullcontext():
            yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, PanicError, OSError) as error:
        if file.remote and "object-store" in str(error):
            raise object_error(error, file.remote) from None
        first = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"this {file.kind} file cannot be read: {shown(first, 200)}",
            file.at(),
            "if it was cut off or damaged, write it anew",
        ) from error


def scan(file: File) -> pl.LazyFrame:
    """Return a file as a frame that is not read yet.

    Raises:
        InputError: an Arrow file has a column twice, or a database several tables.
    """
    if file.kind in DATABASES:
        from rlcalc.readers import databases

        return databases.scan(file)
    if file.kind == "tfrecord":
        from rlcalc.readers import tfrecord

        return tfrecord.scan(file)
    names = names_of_columns(file.stream.peek(HEAD)) if file.kind == "arrow" else []
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise InputError(f"the columns {listed(twice)} come twice", file.at(), "rename one")
    in_file_format = file.stream.peek(6)[:6] == b"ARROW1"
    if file.remote and file.kind == "parquet" and (lazy := scanned(file.remote)) is not None:
        return lazy
    source = copied(file)
    if file.kind == "parquet":
        return pl.scan_parquet(source, glob=False)
    return pl.scan_ipc(source) if in_file_format else pl.read_ipc_stream(source).lazy()


def frames(
    lazy: pl.LazyFrame, name: str, context: ReaderContext, *, padded: bool = False
) -> Iterator[Trajectories]:
    """Yield the trajectories of any frame, batch by batch."""
    schema = dict(lazy.collect_schema())
    table = context.table(name, schema, lambda row: f"row {row + 1}", padded=padded)
    source = lazy.select(table.sources)
    if table.is_lists:
        from rlcalc.readers.trajectories.list_rows import trajectories_of

        batches = source.collect_batches(maintain_order=True, chunk_size=ROWS >> 5)
        for frame in counted(batches, f"reading {name}", "rows", len):
            yield trajectories_of(frame, table)
        return
    if context.request.where:
        batches = source.collect_batches(maintain_order=True, chunk_size=ROWS)
        for frame in counted(batches, f"reading {name}", "rows", len):
            yield from context.assembler.push(table.rows_of(frame))
        return
    rows = lazy.select(table.expressions())
    batches = rows.collect_batches(maintain_order=True, chunk_size=ROWS)
    for frame in counted(batches, f"reading {name}", "rows", len):
        part = source.slice(table.n_rows, len(frame))
        yield from context.assembler.push(table.rows(frame, part.collect))

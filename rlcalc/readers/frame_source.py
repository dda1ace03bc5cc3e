"""A source that yields frames, as a frame of Polars that is not read yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
from polars.io.plugins import register_io_source


def lazy_frame(
    schema: pl.Schema, frames: Callable[[list[str]], Iterator[pl.DataFrame]]
) -> pl.LazyFrame:
    """Return a frame whose rows are read when it is collected, and read anew each time.

    Args:
        schema: of all columns.
        frames: yields some columns, by their names, some rows at a time.
    """

    def source(
        columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        for frame in frames(columns or schema.names()):
            part = frame if left is None else frame.head(left)
            left = None if left is None else left - len(part)
            yield part if predicate is None else part.filter(predicate)
            if left == 0:
                return

    return register_io_source(source, schema=schema, is_pure=True)

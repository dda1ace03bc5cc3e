"""Partitioned tables: folders called NAME=VALUE, each a column of the files in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

if TYPE_CHECKING:
    import polars as pl

    Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

Partition = Mapping[str, int | str | None]
"""The columns that the path of a file holds, and their value."""
PART = re.compile(r"([^=]+)=(.*)", re.DOTALL)
WHOLE = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
MISSING = "__HIVE_DEFAULT_PARTITION__"
"""What stands for a missing value in the name of a folder."""


def partition_of(path: str) -> dict[str, int | str | None]:
    """Return the columns that the folders of a path hold; whole numbers are numbers.

    >>> partition_of("run/step=1/group_id=q%200/part-0.parquet")
    {'step': 1, 'group_id': 'q 0'}
    """
    columns: dict[str, int | str | None] = {}
    for part in Path(path).parts[:-1]:
        if match := PART.fullmatch(part):
            text = unquote(match[2])
            value = int(text) if WHOLE.fullmatch(text) else text
            columns[unquote(match[1])] = None if text == MISSING else value
    return columns


def with_partition(frame: Frame, partition: Partition, names: Collection[str]) -> Frame:
    """Return a frame with the columns of its path, but for those that it has itself.

    Args:
        frame: the rows of a file.
        partition: of the path of the file.
        names: of the columns of the frame.
    """
    import polars as pl

    columns = [
        pl.lit(value, pl.Int64() if isinstance(value, int) else pl.String()).alias(name)
        for name, value in partition.items()
        if name not in names
    ]
    return frame.with_columns(columns) if columns else frame

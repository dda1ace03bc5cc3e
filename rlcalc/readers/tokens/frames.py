"""Frames → columns of tokens: list columns, lists written as text, or a row a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from rlcalc.errors import InputError
from rlcalc.readers.label_encoder import as_text
from rlcalc.readers.tokens.assemble import Columns
from rlcalc.readers.tokens.names import PLACE, TOKEN_NAMES
from rlcalc.tokens import LOG_PROBABILITIES


def columns_of_frame(frame: pl.DataFrame, chosen: Mapping[str, str], where: str) -> Columns:
    """Return the columns of a frame by field.

    Args:
        frame: a rollout a row with lists in its cells, or a token a row.
        chosen: the field → its column.
        where: the file, for messages.

    Raises:
        InputError: a cell is not a list of numbers, or nothing tells the rollout of a token.
    """
    if is_long(frame.schema, chosen):
        return _long(frame, chosen, where)
    columns = Columns(len(frame))
    for field, name in chosen.items():
        series = frame[name]
        if series.dtype == pl.String and field in (*TOKEN_NAMES, "score"):
            decoded = _decoded(series, field)
            if decoded is None:
                continue
            series = decoded
        if isinstance(series.dtype, pl.Array):
            series = series.cast(pl.List(series.dtype.inner))
        if isinstance(series.dtype, pl.List) and field in (*TOKEN_NAMES, "score"):
            kind = series.dtype.inner
            if field != "token" and not (kind.is_numeric() or kind == pl.Boolean):
                continue
            sizes = series.list.len().fill_null(0).to_numpy().astype(np.int64)
            flat = series.explode(empty_as_null=False, keep_nulls=False)
            columns.lists[field] = flat.to_numpy(), sizes
        else:
            columns.scalars[field] = _scalars(frame, name, field)
    return columns


def is_long(schema: Mapping[str, Any], chosen: Mapping[str, str]) -> bool:
    """Whether a row is a token: the log-probabilities are single numbers."""
    kinds = [schema[chosen[name]] for name in LOG_PROBABILITIES if name in chosen]
    return bool(kinds) and all(kind.is_numeric() for kind in kinds)


def _scalars(frame: pl.DataFrame, name: str, field: str) -> Any:
    kind = frame.schema[name]
    if field in ("group", "prompt", "rollout") and kind.is_nested():
        return frame.select(as_text(pl.col(name), kind)).to_series().to_list()
    if kind.is_numeric() and not frame[name].null_count():
        return frame[name].to_numpy()
    return frame[name].to_list()


def _decoded(series: pl.Series, field: str) -> pl.Series | None:
    """Return lists that are written as text, [0.1, 0.2]; None: the text is something else."""
    first = series.drop_nulls().head(1).to_list()
    if not first:
        return None
    if not first[0].lstrip().startswith("["):
        numbers = series.cast(pl.Float64, strict=False)
        return None if numbers.null_count() > series.null_count() else numbers
    kind: pl.DataType = pl.List(pl.Float64)
    if field == "mask":
        lower = series.str.to_lowercase().str.replace_all("true", "1").str.replace_all("false", "0")
        return lower.str.json_decode(kind)
    return series.str.json_decode(kind)


def _long(frame: pl.DataFrame, chosen: Mapping[str, str], where: str) -> Columns:
    """Return the columns of a table with a row a token; a rollout's rows stand together."""
    if "rollout" not in chosen:
        raise InputError(
            "a row is a token here, and no column identifies the rollout",
            where,
            "name it: --columns rollout=COLUMN",
        )
    if not len(frame):
        return Columns(0)
    keys = [chosen[field] for field in ("step", "group", "rollout") if field in chosen]
    lower = {name.lower(): name for name in frame.columns}
    place = next((lower[name] for name in PLACE if name in lower), None)
    indexed = frame.select(keys).with_columns(first=pl.int_range(len(frame)))
    first = indexed.select(pl.col("first").min().over(keys)).to_series()
    order = None
    if place is not None:
        order = pl.select(pl.arg_sort_by(first, frame[place], maintain_order=True)).to_series()
    elif not first.is_sorted():
        raise InputError(
            "the tokens of a rollout do not stand together",
            where,
            f"sort the rows by {', '.join(keys)}, or give the column t",
        )
    if order is not None:
        frame, first = frame[order], first[order]
    number = first.to_numpy()
    begin = np.flatnonzero(np.diff(number, prepend=-1))
    size = np.diff(np.append(begin, len(frame)))
    columns = Columns(len(begin), row=number[begin])
    for field, name in chosen.items():
        if field in TOKEN_NAMES:
            series = frame[name]
            if series.dtype == pl.String and field != "token":
                series = series.cast(pl.Float64, strict=False)
            if series.dtype == pl.Boolean or series.dtype.is_numeric() or field == "token":
                columns.lists[field] = series.to_numpy(), size
        else:
            columns.scalars[field] = _scalars(frame[begin], name, field)
    return columns

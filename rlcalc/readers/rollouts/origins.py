"""Origins of rollouts, as they are read: the source's own ids, and the number of each row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from rlcalc.origins import Origins
from rlcalc.readers.label_encoder import as_text
from rlcalc.readers.rollouts.dumps.layout import MEANINGS, Layout

ID = "id:"
"""What the name of a column with ids of the source begins with, in frames of rollouts."""
ROW = "row of the file"
"""The column with the number of the row, from 0, in frames of rollouts."""
PROMPT = 120
"""Characters of a prompt that are kept where the beginning of each is shown."""
IDENTIFIER = re.compile(r"(^|_)(id|uid|uuid|guid|qid|idx|index)$|[a-z](Id|Uid|Uuid|Idx|Index)$")
WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"


def identifiers(names: Iterable[str], layout: Layout | None = None) -> list[str]:
    """Return the columns whose names are those of ids, without those that are something else."""
    others = {"group", "rollout"}
    if layout is not None:
        meanings = (m for m in MEANINGS if m not in ("group", "rollout"))
        others |= {*layout.reward, *(getattr(layout, meaning) for meaning in meanings)}
    return [name for name in names if name not in others and is_identifier(name)]


def is_identifier(name: str) -> bool:
    """Return whether a column of this name holds ids.

    >>> [is_identifier(name) for name in ("uid", "prompt_id", "taskIndex", "void", "input_ids")]
    [True, True, True, False, False]
    """
    return bool(IDENTIFIER.search(name) or IDENTIFIER.search(name.lower()))


def id_expressions(layout: Layout, schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    """Return the columns of ids of a table, as text."""
    return [
        as_text(pl.col(name), schema[name]).alias(ID + name)
        for name in identifiers(schema, layout)
        if not schema[name].is_nested() and schema[name] != pl.Binary
    ]


def id_types(layout: Layout, first: Mapping[str, Any]) -> dict[str, pl.DataType]:
    """Return the types in which the ids of JSON are read."""
    return {
        name: pl.String()
        for name in identifiers(first, layout)
        if not isinstance(first[name], dict | list)
    }


def ids_of_record(record: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the ids that a record of nested rollouts has at its top."""
    values = {name: record[name] for name in identifiers(record)}
    return {
        name: None if value is None else str(value)
        for name, value in values.items()
        if not isinstance(value, dict | list)
    }


def origins_of(frame: pl.DataFrame, files: Sequence[str]) -> Origins | None:
    """Return the origins that a frame of all rollouts holds; None: they were not kept."""
    if ROW not in frame.columns:
        return None
    return Origins(
        row=frame[ROW].to_numpy().astype(np.int64) + 1,
        file=frame["file"].to_numpy() if "file" in frame.columns else None,
        files=files,
        ids={
            name.removeprefix(ID): _as_whole_numbers(frame[name])
            for name in frame.columns
            if name.startswith(ID)
        },
    )


def _as_whole_numbers(texts: pl.Series) -> pl.Series:
    """Return ids as numbers if all of them are written as whole ones, so that they can be joined.

    >>> _as_whole_numbers(pl.Series(["7", None])).to_list(), _as_whole_numbers(pl.Series(["07"]))[0]
    ([7, None], '07')
    """
    written = texts.str.contains(WHOLE)
    if written.null_count() == len(texts) or not written.all():
        return texts
    return texts.cast(pl.Int64)

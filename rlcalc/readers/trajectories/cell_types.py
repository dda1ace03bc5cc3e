"""The types of the columns of a CSV table, judged from its first rows: types read faster than text.

Only types that lose nothing of what the readers of text look at: categories of labels by their
text, numbers as floats, flags. Keys of trajectories stay text, and so does a block that does not
fit.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from rlcalc.readers.trajectories.step_table import (
    FLAGS,
    KEYS,
    LABELS,
    NEVER_MISSING,
    Table,
    as_number,
)

CellTypes = dict[str, pl.DataType]


def cell_types(table: Table, first: pl.DataFrame, *, decimal_comma: bool = False) -> CellTypes:
    """Return the types of those columns that need not be read as text; none where no block can be.

    Args:
        table: its columns are chosen.
        first: the first rows, as text.
        decimal_comma: numbers may be written as 1,5, which stays text.
    """
    n_uses = Counter([*table.column.values(), *table.request.state_columns])
    types: CellTypes = {}
    for meaning, column in table.column.items():
        if n_uses[column] > 1 or column not in first.columns or meaning in KEYS:
            continue
        if meaning in LABELS:
            if meaning != "state" or not table.request.state_columns:
                types[column] = table.encoders.of_column(meaning).kind
        elif meaning in FLAGS:
            types[column] = _type_of_flags(first[column])
        elif not decimal_comma and _are_numbers(first[column]):
            types[column] = pl.Float64()
    if table.request.where or not _never_missing(table, types):
        return {}
    return types


def fits(table: Table, frame: pl.DataFrame) -> bool:
    """Whether a frame that was read in these types has no blank line and no missing number."""
    needed = _never_missing(table, frame.schema)
    return not any(frame[column].null_count() for column in needed)


def _never_missing(table: Table, types: pl.Schema | CellTypes) -> list[str]:
    """Return the columns of floats that are not blank in any row, so that a blank line shows."""
    columns = (table.column.get(meaning, "") for meaning in NEVER_MISSING)
    return [column for column in columns if types.get(column) == pl.Float64()]


def _type_of_flags(texts: pl.Series) -> pl.DataType:
    words = set(texts.drop_nulls().str.to_lowercase().to_list())
    return pl.Boolean() if words <= {"true", "false"} else pl.Categorical()


def _are_numbers(texts: pl.Series) -> bool:
    numbers = texts.to_frame().select(as_number(pl.col(texts.name), pl.String())).to_series()
    return numbers.null_count() == texts.null_count()

"""Row filters: `COLUMN OP VALUE` keeps only those steps or rollouts of a source that fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.conditions import ORDER, Condition
from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.numerics.arrays import Ints

if TYPE_CHECKING:
    import polars as pl

LEFT_OUT = "rows that --where leaves out"


@dataclass(frozen=True)
class RowFilter(Condition):
    """A condition of rows that are read, which can also look at a whole column of Polars."""

    def kept(self, column: pl.Series) -> pl.Series:
        """Return, row by row, whether a row stays."""
        import polars as pl

        from rlcalc.readers.label_encoder import as_text, canonical_texts

        name, kind = pl.col(column.name), column.dtype
        if self.comparison in ORDER:
            number = name.str.strip_chars() if kind == pl.String else name
            fits = ORDER[self.comparison](
                number.cast(pl.Float64, strict=False).fill_nan(None), float(self.values[0])
            )
            return column.to_frame().select(fits.fill_null(value=False)).to_series()
        text = canonical_texts(column.to_frame().select(as_text(name, kind)).to_series())
        lowered = text.str.to_lowercase()
        word = lowered.is_in(["true", "false"]).fill_null(value=False)
        equal = text.zip_with(~word, lowered).is_in(list(self.known))
        equal = (equal & (text != "")).fill_null(value=False)
        return ~equal if self.comparison == "!=" else equal


def require_columns(filters: Sequence[RowFilter], names: Sequence[str], where: str) -> None:
    """Refuse filters of columns that are not there; NAME.FIELD is a field of a column.

    Raises:
        InputError: with the nearest name.
    """
    for row_filter in filters:
        name = row_filter.column
        if name not in names and name.partition(".")[0] not in names:
            raise InputError(
                f"--where: there is no column {shown(name)}",
                where,
                meant(name, names) + f"there are {listed(names, most=20)}",
            )


def keeps_record(filters: Sequence[RowFilter], record: Mapping[str, Any]) -> bool:
    """Return whether a record passes all filters."""
    return all(row_filter.keeps(cell_of(record, row_filter.column)) for row_filter in filters)


def cell_of(record: Mapping[str, Any], name: str) -> Any:
    """Return the value of a key, or of a path NAME.FIELD of keys; None where there is none."""
    if name in record:
        return record[name]
    head, _, rest = name.partition(".")
    inner = record.get(head)
    return cell_of(inner, rest) if rest and isinstance(inner, Mapping) else None


def kept_rows(filters: Sequence[RowFilter], frame: pl.DataFrame) -> pl.Series:
    """Return, row by row, whether a row of a frame passes all filters.

    Args:
        filters: of columns of the frame, or of fields of them.
        frame: some rows.
    """
    import polars as pl

    kept = pl.repeat(value=True, n=len(frame), dtype=pl.Boolean, eager=True)
    for row_filter in filters:
        kept &= row_filter.kept(_column(frame, row_filter.column))
    return kept


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    if name in frame.columns:
        return frame[name]
    head, _, rest = name.partition(".")
    fields = getattr(frame.schema.get(head), "fields", [])
    if any(field.name == rest for field in fields):
        return frame[head].struct.field(rest)
    import polars as pl

    return pl.Series(name, [None] * len(frame), dtype=pl.String)


class RecordFilters:
    """Filters of records and frames that come one after the other, of which some lack columns."""

    def __init__(self, filters: Sequence[RowFilter]) -> None:
        self.filters = filters
        self.names: dict[str, None] = {}  # of all columns there were
        self.n_left_out = 0

    def keeps(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record passes all filters."""
        if not self.filters:
            return True
        self.names |= dict.fromkeys(record)
        kept = keeps_record(self.filters, record)
        self.n_left_out += not kept
        return kept

    def records(
        self, records: Sequence[Mapping[str, Any]], common: Mapping[str, Any]
    ) -> tuple[list[Mapping[str, Any]], Ints]:
        """Return the records that stay, and their places.

        Args:
            records: each a row.
            common: what all of them have besides.
        """
        places = [n for n, record in enumerate(records) if self.keeps({**common, **record})]
        return [records[n] for n in places], np.array(places, dtype=np.int64)

    def frame(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Ints]:
        """Return the rows of a frame that stay, and their places."""
        self.names |= dict.fromkeys(frame.columns)
        kept = kept_rows(self.filters, frame)
        self.n_left_out += len(frame) - int(kept.sum())
        return frame.filter(kept), kept.arg_true().to_numpy().astype(np.int64)

    def finish(self, files: Sequence[str]) -> None:
        """Refuse filters of columns that no record had.

        Raises:
            InputError: there is one.
        """
        if self.names:
            require_columns(self.filters, list(self.names), listed(files, most=3))

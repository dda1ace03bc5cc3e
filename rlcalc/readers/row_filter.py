"""Row filters: `COLUMN OP VALUE` keeps only those steps or rollouts of a source that fit."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import InputError, UsageError, listed, meant, shown
from rlcalc.labels import number_of_label, text_of_label
from rlcalc.numerics.arrays import Ints

if TYPE_CHECKING:
    import polars as pl

ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
LEFT_OUT = "rows that --where leaves out"

_PATTERN = re.compile(r"\s*(.+?)\s*(!=|<=|>=|==|=|<|>|\s+in\s+)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class RowFilter:
    """One condition: rows whose cell compares so with a value, or is one of several.

    =, != and `in` compare labels, so 0 is 0.0; <, <=, > and >= compare numbers, which nothing else
    is. A missing cell is only different from every value.
    """

    column: str
    comparison: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> RowFilter:
        """Return the filter that a text writes.

        >>> RowFilter.parse("step >= 100"), RowFilter.parse("env in a,b").values
        (RowFilter(column='step', comparison='>=', values=('100',)), ('a', 'b'))

        Raises:
            UsageError: it is not of the form COLUMN OP VALUE, or compares with what is no number.
        """
        match = _PATTERN.fullmatch(text)
        if match is None or not match[3]:
            raise UsageError(
                f"--where {shown(text)} is not a condition",
                fix="write COLUMN OP VALUE in quotes, with =, !=, <, <=, >, >= or in: "
                "--where 'step >= 100', --where 'env in a,b'",
            )
        comparison = {"==": "="}.get(match[2].strip(), match[2].strip())
        several = match[3].split(",") if comparison == "in" else [match[3]]
        values = tuple(text_of_label(value.strip().strip("'\"")) for value in several)
        if comparison in ORDER and number_of_label(values[0]) is None:
            raise UsageError(
                f"--where {shown(text)} compares with {shown(values[0])}, which is not a number",
                fix="write a number, or use =, != or in",
            )
        return cls(match[1], comparison, values)

    def keeps(self, cell: Any) -> bool:
        """Return whether a row with this cell stays."""
        if cell is None or cell == "":
            return self.comparison == "!="
        text = text_of_label(cell)
        if self.comparison in ORDER:
            number, limit = number_of_label(text), number_of_label(self.values[0])
            return number is not None and bool(ORDER[self.comparison](number, limit))
        return (_folded(text) in self.known) == (self.comparison != "!=")

    @property
    def known(self) -> set[str]:
        """The values as they compare: True is true."""
        return set(map(_folded, self.values))

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


def _folded(text: str) -> str:
    return text.lower() if text.lower() in ("true", "false") else text


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

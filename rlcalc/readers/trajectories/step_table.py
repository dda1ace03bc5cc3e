"""Frames with one step a row → rows of steps: which column is which, types, labels as numbers.

Every format that Polars reads ends here; how rows become trajectories is for `steps`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcalc.errors import Fault, InputError, listed, meant, nearest, shown
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.probabilities import (
    LARGEST_LOG_PROB,
    POSSIBLE,
    POSSIBLE_LOG,
    chance_of,
    impossible,
)
from rlcalc.readers.column_names import COLUMN_NAMES, NUMBERS, STEP, map_columns
from rlcalc.readers.label_encoder import LabelEncoders, as_text, canonical_texts, keys_of_texts
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.row_filter import LEFT_OUT, kept_rows, require_columns
from rlcalc.trajectories import Experience

LABELS = ("state", "action", "next_state", "name")
KEYS = ("trajectory", "environment")
CHANCES = ("probability", "pi", "behaviour_prob")
NEVER_MISSING = ("reward", "probability", "pi")
FLAGS = ("terminated", "truncated", "done", "is_first", "is_last", "is_terminal")
ENDS = ("terminated", "truncated", "done", "is_last")
WIDE = (pl.UInt64, pl.Int128, pl.UInt128)
"""Types of whole numbers that int64 does not hold."""
TRUE = ("true", "1", "1.0", "t", "yes", "y")
FALSE = ("false", "0", "0.0", "f", "no", "n", "")


@dataclass(frozen=True)
class Rows:
    """N rows of steps in columns of that length, as they stand in a source."""

    columns: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.columns["reward"])

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def take(self, which: NDArray[Any] | slice) -> Rows:
        """Return some of the rows, in the order given."""
        return Rows({name: column[which] for name, column in self.columns.items()})

    @classmethod
    def moved(cls, parts: list[Rows]) -> Rows:
        """Return the rows of all parts, as `joined` does, and empty them: one column at a time."""
        several = [part for part in parts if len(part)]
        parts.clear()
        if len(several) == 1:
            return several[0]
        names = list(several[0].columns)
        return cls(
            {name: np.concatenate([part.columns.pop(name) for part in several]) for name in names}
        )

    @classmethod
    def joined(cls, parts: Iterable[Rows]) -> Rows:
        """Return the rows of all parts, which have the same columns."""
        several = [part for part in parts if len(part)]
        if len(several) == 1:
            return several[0]
        return cls(
            {name: np.concatenate([part[name] for part in several]) for name in several[0].columns}
        )


class Table:
    """The reading of one table: its columns are chosen once, its frames follow."""

    def __init__(
        self,
        schema: Mapping[str, pl.DataType],
        request: ReadRequest,
        experience: Experience,
        encoders: LabelEncoders,
        file: str,
        place: Callable[[int], str],
        typed: bool = True,
        known: Mapping[str, tuple[str, ...]] = COLUMN_NAMES,
        needed: tuple[str, ...] = STEP,
    ) -> None:
        self.schema, self.request, self.experience = schema, request, experience
        self.encoders, self.file, self.place, self.known = encoders, file, place, known
        self.needed = needed
        self.column = map_columns(list(schema), request, file, known, needed)
        self._join_states()
        self.vectors: set[str] = set()  # labels that are left out
        self._leave_out_vectors()
        require_columns(request.where, list(schema), file)
        self.n_rows = 0
        self.numbered: frozenset[str] = frozenset()  # labels that are to stay whole numbers
        self.unfinished: set[str] = set()  # trajectories in lists whose end was not flagged
        self._note_near_misses()
        for meaning, column in self.column.items():
            if isinstance(schema[column], pl.Duration | pl.Binary | pl.Object):
                raise InputError(
                    f"{shown(column)} has the type {schema[column]}, which is not a {meaning}",
                    file,
                    "make it text or a number",
                )
        if typed:
            self.note_texts(schema)

    def _join_states(self) -> None:
        """Refuse joined columns that are not there; what they lead to has no column."""
        missing = [name for name in self.request.state_columns if name not in self.schema]
        if missing:
            raise InputError(
                f"there is no column {shown(missing[0])}",
                self.file,
                meant(missing[0], self.schema) + f"there are {listed(self.schema, most=20)}",
            )
        if self.request.state_columns:
            self.column.pop("next_state", None)

    def _leave_out_vectors(self) -> None:
        """Leave out labels that nobody needs where they are vectors, or next states alone."""
        free = [name for name in STEP[:2] if name not in self.needed]
        for name in free if not self.is_lists else ():
            column = self.column.get(name)
            vector = column is not None and is_list(self.schema[column])
            if vector and name not in self.request.columns:
                del self.column[name]
                self.vectors.add(name)
        if "state" in free and "state" not in self.column:
            self.column.pop("next_state", None)
            self.vectors.add("next_state")

    def note_texts(self, schema: Mapping[str, pl.DataType]) -> None:
        """Note which labels are text, where types are known: a label "1" is shown as text then."""
        for meaning in LABELS[:3]:
            kind = schema.get(self.column.get(meaning, ""), pl.Int64())
            kind = getattr(kind, "inner", kind) if self.is_lists else kind
            if not kind.is_numeric():
                self.encoders.of_column(meaning).labels.textual = True

    @property
    def is_lists(self) -> bool:
        """Whether a row is a whole trajectory, with lists in its cells."""
        return "reward" in self.column and is_list(self.schema[self.column["reward"]])

    def _note_near_misses(self) -> None:
        """Note the columns that are not read although their names are almost known ones."""
        absent = [
            name
            for meaning, names in self.known.items()
            if meaning not in {*self.column, *self.request.unread, *self.vectors}
            for name in names
        ]
        read = set(self.column.values())
        for name in self.schema:
            near = None if name in read else nearest(name, absent, alike=0.85)
            if near:
                meaning = next(m for m, names in self.known.items() if near in names)
                self.experience.note(
                    f"the column {shown(name)} is not read; if it holds the {near}, add --columns "
                    f"{shlex.quote(f'{meaning}={shown(name)}')}"
                )

    def expressions(self, types: Mapping[str, pl.DataType] | None = None) -> list[pl.Expr]:
        """Return what to read: labels as categories, numbers, flags, the key of a trajectory.

        Args:
            types: of the columns in the source; default those of the schema.
        """
        exprs = []
        types = self.schema if types is None else types
        for meaning, column in self.column.items():
            kind, source = types[column], pl.col(column)
            if meaning in KEYS:
                continue
            if meaning in self.numbered:
                exprs.append(source.cast(pl.Int64).alias(meaning))
            elif meaning in LABELS:
                exprs.append(self._categories(meaning, source, kind).alias(meaning))
            elif meaning in NUMBERS:
                sign = -1 if self.request.columns.get(meaning, "").startswith("-") else 1
                number = as_number(source, kind)
                if meaning not in NEVER_MISSING:  # may be missing; what is there must be a number
                    blank = source.is_null()
                    blank = blank | (source.str.strip_chars() == "") if kind == pl.String else blank
                    number = pl.when(blank).then(float("nan")).otherwise(number)
                exprs.append((-number if sign < 0 else number).alias(meaning))
            elif meaning in FLAGS:
                exprs.append(as_flag(source, kind).cast(pl.UInt8).alias(meaning))
            elif meaning == "time":
                exprs.append(as_time(source, kind).alias(meaning))
        return exprs + self._keys()

    def _categories(self, meaning: str, source: pl.Expr, kind: pl.DataType) -> pl.Expr:
        """Return labels as the numbers of categories of their text; whole ones as they are."""
        encoder = self.encoders.of_column(meaning)
        if kind == encoder.kind:
            return source.to_physical()
        if kind.is_integer() and not self._joins(meaning) and kind not in WIDE:
            return source.cast(pl.Int64)
        text = as_text(source, kind)
        if self._joins(meaning):
            joined = self.request.state_columns
            texts = [as_text(pl.col(name), self.schema[name]) for name in joined]
            text = pl.format(f"[{','.join(['{}'] * len(texts))}]", *texts)
        return encoder.category(text)

    def _joins(self, meaning: str) -> bool:
        """Return whether several columns of numbers are a label together."""
        return meaning == "state" and bool(self.request.state_columns)

    def _keys(self) -> list[pl.Expr]:
        named = [
            (self.column[name], self.schema[self.column[name]])
            for name in ("environment", "trajectory")
            if name in self.column
        ]
        if not named or self.request.one_step:
            return []
        column, kind = named[0]
        texts = [as_text(pl.col(column), kind) for column, kind in named]
        text = texts[0]
        if len(texts) > 1:
            canonical = [part.map_batches(canonical_texts, pl.String) for part in texts]
            text = pl.concat_str(canonical, separator="/")
        if len(named) == 1 and kind.is_integer() and kind not in WIDE:
            key = pl.col(column).cast(pl.Int64)
        else:
            key = text.map_batches(keys_of_texts, pl.Int64)
        keys = [key.alias("key")]
        if self.request.identify:
            keys.append(self.encoders.name.category(text).alias("name"))
        return keys

    @property
    def sources(self) -> list[str]:
        """The source columns that are read."""
        filtered = (one.column for one in self.request.where)
        conditions = (n if n in self.schema else n.partition(".")[0] for n in filtered)
        joined = self.request.state_columns
        return list(dict.fromkeys([*self.column.values(), *joined, *conditions]))

    def filtered(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Ints | None]:
        """Return the rows of the source that --where keeps, and their places; None: all of them."""
        if not self.request.where:
            return frame, None
        kept = kept_rows(self.request.where, frame)
        if not kept.all():
            self.experience.left_out[LEFT_OUT] += len(frame) - int(kept.sum())
        return frame.filter(kept), kept.arg_true().to_numpy().astype(np.int64)

    def rows_of(
        self, source: pl.DataFrame, as_written: Callable[[], pl.DataFrame] | None = None
    ) -> Rows:
        """Return rows as they stand in the source as rows of steps.

        Args:
            source: has the types of the schema; or others that lose nothing, without --where.
            as_written: gives the same rows in types that show what is wrong; default the source.
        """
        kept, places = self.filtered(source)
        frame = kept.lazy().select(self.expressions(source.schema)).collect()
        return self.rows(frame, as_written or (lambda: kept), places, len(source))

    def rows(
        self,
        frame: pl.DataFrame,
        source: Callable[[], pl.DataFrame],
        places: Ints | None = None,
        n_source: int | None = None,
    ) -> Rows:
        """Return a frame of `expressions` as rows; rows with faults are reported and left out.

        Args:
            frame: what the expressions gave.
            source: gives the same rows as they stand in the source, to show what is wrong.
            places: [N] their places among the rows of the source; default in turn.
            n_source: the number of these; default N.
        """
        n = len(frame)
        places = np.arange(n) if places is None else places
        columns: dict[str, NDArray[Any]] = {"row": places + self.n_rows}
        is_step = np.ones(n, dtype=bool)
        if "is_last" in frame.columns:
            is_step = frame["is_last"].fill_null(0).to_numpy() == 0
        wrong = np.zeros(n, dtype=bool)
        for name in frame.columns:
            series = frame[name]
            if name == "time" and series.dtype == pl.String:
                series = moments_in_time(series)
            if name in NUMBERS and series.null_count():
                series = self._reread(name, series, source)
            bad = series.is_null().to_numpy() if series.null_count() else np.zeros(0, dtype=bool)
            if name in LABELS and name not in self.numbered:
                columns[name] = self.encoders.of_column(name).codes(series)
                bad = bad & is_step if len(bad) and name in self.needed else bad[:0]
            elif name in NUMBERS:
                columns[name] = series.to_numpy()
                bad = _unfit(name, columns[name], bad)
                bad = bad & is_step if len(bad) else bad
            else:
                columns[name] = (series.fill_null(0) if len(bad) else series).to_numpy()
                if name in FLAGS:  # by way of bytes, which is faster than bit by bit
                    columns[name] = columns[name].view(bool)
            if bad.any():
                self._report(name, bad, source, places)
                wrong |= bad
        n_source = n if n_source is None else n_source
        self.n_rows += n_source
        self.experience.n_rows += n_source
        rows = Rows(self._with_labels(columns, n))
        return rows.take(~wrong) if wrong.any() else rows

    def _with_labels(self, columns: dict[str, NDArray[Any]], n: int) -> dict[str, NDArray[Any]]:
        """Return the columns of steps with states and actions: -1 where nobody needs them."""
        absent = [name for name in STEP[:2] if name not in columns] if "reward" in columns else []
        return columns | {name: np.full(n, -1, dtype=np.int32) for name in absent}

    def _reread(
        self, name: str, numbers: pl.Series, source: Callable[[], pl.DataFrame]
    ) -> pl.Series:
        """Return numbers with those that text has as words: flags, quotients and percentages."""
        if self.schema[self.column[name]] != pl.String:
            return numbers
        rows = numbers.is_null().arg_true()
        texts = source()[self.column[name]].gather(rows).str.strip_chars()
        if name in CHANCES:
            values = [chance_of(text) for text in texts.to_list()]
            read = [None if isinstance(value, str) else value for value in values]
            return numbers.scatter(rows, pl.Series(read, dtype=pl.Float64))
        word = texts.str.to_lowercase()
        flag = pl.when(word == "true").then(1.0).when(word == "false").then(0.0)
        return numbers.scatter(rows, pl.select(flag).to_series())

    def _report(self, name: str, bad: Flags, source: Callable[[], pl.DataFrame], row: Ints) -> None:
        """Report the rows of a column that are wrong."""
        places = np.flatnonzero(bad)
        if name == "key":
            name = "trajectory" if "trajectory" in self.column else "environment"
        column = self.column[name]
        seen = source()[column][places[:3].tolist()].to_list()
        expected = {
            "time": "a number or a date",
            **dict.fromkeys(NUMBERS, "a finite number"),
            **dict.fromkeys(FLAGS, "true or false"),
            "behaviour_prob": POSSIBLE,
            "log_prob": POSSIBLE_LOG,
            "old_log_prob": POSSIBLE_LOG,
        }.get(name, "a label")
        rows = [self.place(self.n_rows + int(row[place])) for place in places[:5]]
        fix = f"correct or leave out {'this row' if len(places) == 1 else 'these rows'}"
        if name == "reward" and "probability" in self.needed and "inf" in map(_sign_free, seen):
            fix = "an action that is not allowed has no rows: leave out all of its rows"
        self.experience.fault(
            Fault(
                f"{shown(column)} is {listed(map(_value, seen))}, expected {expected}",
                f"{self.file}, {listed(rows, total=len(places))}",
                fix,
            )
        )


def _unfit(name: str, values: Floats, null: Flags) -> Flags:
    """[N] which numbers of a column cannot be; none, [0], if all of them can.

    Args:
        name: what the numbers mean.
        values: [N] NaN stands for what is not known, where that may be.
        null: [N] what was not even read as a number, or [0].
    """
    fine = np.isfinite(values)
    if name not in NEVER_MISSING and not fine.all():
        unknown = np.isnan(values)
        fine |= unknown & ~null if len(null) else unknown
    if name == "behaviour_prob":
        fine &= ~impossible(values)
    if name in ("log_prob", "old_log_prob"):
        fine &= ~(values > LARGEST_LOG_PROB)
    return null[:0] if fine.all() else ~fine


def _sign_free(value: Any) -> str:
    return str(value).lower().strip(" +-").removesuffix("inity")


def _value(value: Any) -> str:
    return "missing" if value is None or value == "" else shown(repr(value), 40)


def is_list(kind: pl.DataType) -> bool:
    """Return whether cells of a type are lists; objects are not."""
    return isinstance(kind, pl.List | pl.Array)


def as_number(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Return numbers; null where a text or an object is not a number."""
    if kind.is_nested():
        return pl.when(column.is_null()).then(pl.lit(None, pl.Float64))
    if kind == pl.String:
        return column.str.strip_chars().cast(pl.Float64, strict=False)
    return column.cast(pl.Float64, strict=False)


def as_flag(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Return flags; a missing one is not set, null where the text is not a flag."""
    if kind == pl.Boolean:
        return column.fill_null(value=False)
    if isinstance(kind, pl.Categorical):
        return column.map_batches(flags_of_categories, pl.Boolean)
    if kind.is_nested():
        return pl.when(column.is_null()).then(pl.lit(value=False))
    text = column.cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase()
    return pl.when(text.is_in(TRUE)).then(True).when(text.is_in(FALSE)).then(False)


def flags_of_categories(column: pl.Series) -> pl.Series:
    """Return flags of a column of few different texts, as `as_flag` does of each text."""
    word = column.unique()
    flag = word.to_frame().select(as_flag(pl.col(word.name).cast(pl.String), pl.String()))
    return column.to_physical().replace_strict(
        word.to_physical(), flag.to_series(), return_dtype=pl.Boolean
    )


def as_time(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Return what rows are ordered by, as numbers: steps, seconds, or dates."""
    if kind == pl.String:
        return column.str.strip_chars()  # see `moments_in_time`
    if kind.is_nested():
        return pl.when(column.is_null()).then(pl.lit(None, pl.Float64))
    return column.to_physical().cast(pl.Int64 if kind.is_integer() else pl.Float64)


def moments_in_time(column: pl.Series) -> pl.Series:
    """Return text as numbers, or as the seconds of dates where it is not a number; else null."""
    number = column.cast(pl.Float64, strict=False)
    if number.null_count() == column.null_count():
        return number
    dates = column.str.to_datetime(strict=False, time_unit="us", time_zone="UTC")
    return number.fill_null(dates.dt.epoch("us").cast(pl.Float64) / 1e6)

"""Lines of JSON with one step each, or one trajectory in lists under any names → trajectories.

Blocks of lines become frames, with the columns of the first block.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice
from typing import TYPE_CHECKING, Any

from rlcalc.errors import Fault, InputError, listed, shown
from rlcalc.readers import json as json_reader
from rlcalc.readers.column_names import COLUMN_NAMES
from rlcalc.readers.nesting import has_deep_line
from rlcalc.readers.partitions import with_partition
from rlcalc.readers.sources import File, decoded, numbered_lines
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    import polars as pl


MOST_UNLIKE = 3
"""Blocks that are read twice, as the first was and then anew; after these all are read anew."""


def lines_like(first: Mapping[str, Any], file: File, context: ReaderContext) -> StepLines:
    """Return the reader of lines that look like the first: of lists, or of single steps."""
    return (ListLines if _holds_lists(first) else StepLines)(file, context)


def _holds_lists(line: Mapping[str, Any]) -> bool:
    names = {name.lower(): name for name in line}
    return any(
        isinstance(line[names[alias]], list) for alias in COLUMN_NAMES["reward"] if alias in names
    )


def of_records(
    records: Sequence[Mapping[str, Any]], file: File, context: ReaderContext
) -> Iterator[Trajectories]:
    """Yield the trajectories of a list of rows that is in memory."""
    rows = "\n".join(map(json.dumps, records)).encode()
    return StepLines(file, context, "row").take(rows, 1)


class StepLines:
    """One step a line: blocks of lines become frames, with the columns of the first block."""

    def __init__(self, file: File, context: ReaderContext, noun: str = "line") -> None:
        self.file, self.context, self.noun = file, context, noun
        self.table: Any = None
        self.kept: pl.Schema | None = None  # of the first block, if it serves for the later ones
        self.n_unlike = 0  # blocks that were not read with it
        self.block, self.number, self.before = b"", 1, 0

    def take(self, block: bytes, number: int) -> Iterator[Trajectories]:
        """Yield the trajectories that are whole with the lines of a block."""
        import polars as pl

        from rlcalc.readers.column_names import NUMBERS, map_columns
        from rlcalc.readers.trajectories.step_table import FLAGS

        if block.isspace():
            return
        self.block, self.number = block, number
        like = self._frame_like(block)
        read = self._frame(block, number) if like is None else like
        if not len(read):
            return
        frame = self._with_partition(read)
        if self.table is None:
            self.table = self.context.table(self.file.at(), dict(frame.schema), self._place)
            self.kept = self._to_keep(read.schema)
        self.before = self.table.n_rows
        where = self.file.at(f"{self.noun} {number} and after")
        columns = map_columns(
            frame.columns, self.context.request, where, needed=self.context.request.needed
        )
        later = {name: column for name, column in columns.items() if name in (*FLAGS, *NUMBERS)}
        self.table.column = {**later, **self.table.column}
        new = set(columns) - set(self.table.column) - self.table.vectors
        if new:
            what = f"the {listed(sorted(new))} is in this line, and in no line before"
            self.context.experience.fault(Fault(what, where, "give it in every line"))
        missing = [name for name in self.table.sources if name not in frame.columns]
        frame = frame.with_columns(pl.lit(None).alias(name) for name in missing)
        self.table.schema = dict(frame.schema)
        self.table.note_texts(self.table.schema)
        yield from self._trajectories(frame, inferred=like is None)

    def _with_partition(self, frame: pl.DataFrame) -> pl.DataFrame:
        return with_partition(frame, self.context.partition(self.file), frame.columns)

    def _to_keep(self, schema: pl.Schema) -> pl.Schema | None:
        """Return the schema of the first block if later ones can be read with it."""
        from rlcalc.readers.column_names import NUMBERS
        from rlcalc.readers.trajectories.line_frames import can_be_kept

        request, column = self.context.request, self.table.column
        exact = {source for meaning, source in column.items() if meaning not in NUMBERS}
        keep = can_be_kept(schema, exact | {*request.state_columns}) and not request.where
        return schema if keep else None

    def _frame_like(self, block: bytes) -> pl.DataFrame | None:
        """Return a block in the types of the first; None if it has to be looked at anew."""
        from rlcalc.readers.trajectories.line_frames import frame_like

        if self.kept is None or self.n_unlike > MOST_UNLIKE:
            return None
        frame = frame_like(block, self.kept)
        self.n_unlike += frame is None
        return frame

    def _trajectories(self, frame: pl.DataFrame, *, inferred: bool) -> Iterator[Trajectories]:
        import polars as pl

        def shown_frame() -> pl.DataFrame:
            """Return the cells as they stand in the lines: 1, where the first block has 1.5."""
            return frame if inferred else self._with_partition(self._frame(self.block, self.number))

        try:
            rows = self.table.rows_of(frame, shown_frame)
        except pl.exceptions.PolarsError as error:
            what = f"not a table: {shown(str(error).splitlines()[0], 200)}"
            raise InputError(
                what,
                self.file.at(f"{self.noun} {self.number} and after"),
                fix="give every column one type in all lines",
            ) from error
        yield from self.context.assembler.push(rows)

    def _place(self, row: int) -> str:
        lines = numbered_lines(self.block, self.number)
        return f"{self.noun} {next(islice(lines, row - self.before, None))[0]}"

    def _frame(self, block: bytes, number: int) -> pl.DataFrame:
        import polars as pl

        from rlcalc.readers.trajectories.line_frames import has_keys_once

        problem: Exception | None = None
        try:
            frame = (
                None if has_deep_line(block) else pl.read_ndjson(block, infer_schema_length=None)
            )
        except pl.exceptions.PolarsError as error:
            problem, frame = error, None
        if frame is not None:
            if not has_keys_once(block, frame, block.count(b'":')):
                self._refuse_repeated_keys(frame.columns, block, number)
            return self._with_exact_labels(frame, block)
        good, names = self._good_lines(block, number)
        try:
            self.block = b"".join(good)
            return pl.read_ndjson(
                self.block, infer_schema_length=None, schema_overrides=self._label_types(names)
            )
        except pl.exceptions.PolarsError as error:
            types = self._label_types(names)
            self.context.experience.fault(self._conflict(str(problem or error), types))
            return pl.DataFrame()

    def _conflict(self, problem: str, types: dict[str, pl.DataType]) -> Fault:
        """Return the fault of lines that have no types in common."""
        import polars as pl

        from rlcalc.readers.trajectories.type_conflicts import conflict, first_unfit

        def fits(part: Sequence[bytes]) -> bool:
            try:
                text = b"\n".join(part)
                pl.read_ndjson(text, infer_schema_length=None, schema_overrides=types)
            except pl.exceptions.PolarsError:
                return False
            return True

        numbers, lines = zip(*numbered_lines(self.block, self.number), strict=True)
        place = first_unfit(lines, fits)
        places = [f"{self.noun} {number}" for number in numbers[: place + 1]]
        *before, record = map(json.loads, lines[: place + 1])
        what = conflict(list(zip(places, before, strict=False)), record)
        return Fault(
            what or f"not a table: {shown(problem.splitlines()[0], 200)}",
            self.file.at(places[-1]),
            fix=f"give every column one type in all {self.noun}s",
        )

    def _with_exact_labels(self, frame: pl.DataFrame, block: bytes) -> pl.DataFrame:
        """Read labels as text where Polars made floats of whole numbers too large for these."""
        import polars as pl

        columns = self._label_types(frame.columns)
        large = [
            name
            for name in columns
            if frame.schema[name] == pl.Float64() and (frame[name].abs() >= 2**53).any()
        ]
        if not large:
            return frame
        texts: dict[str, pl.DataType] = dict.fromkeys(large, pl.String())
        exact = pl.read_ndjson(block, schema={**frame.schema, **texts})
        return frame.with_columns(exact[name] for name in large)

    def _refuse_repeated_keys(self, names: list[str], block: bytes, number: int) -> None:
        """Report lines in which a key comes twice, of which Polars takes one value.

        Only lines that hold the text of a key twice are looked at.
        """
        import polars as pl

        lines = pl.Series(block.split(b"\n")).cast(pl.String)
        keys = (json.dumps(name, ensure_ascii=False) for name in names)
        counts = (lines.str.count_matches(rf"{re.escape(key)}\s*:").fill_null(0) for key in keys)
        suspect = reduce(pl.Series.__or__, (count > 1 for count in counts))
        for row in suspect.arg_true().to_list():
            try:
                json_reader.value_of(lines[row], self.file.at(), number + row)
            except InputError as error:
                self.context.experience.fault(*error.faults)

    def _label_types(self, names: Iterable[str]) -> dict[str, pl.DataType]:
        """Return the columns of labels, of which anything can be read as text."""
        import polars as pl

        from rlcalc.readers.column_names import map_columns
        from rlcalc.readers.trajectories.step_table import KEYS, LABELS

        columns = map_columns(list(names), self.context.request, self.file.at(), needed=())
        return {columns[name]: pl.String() for name in (*LABELS, *KEYS) if name in columns}

    def _good_lines(self, block: bytes, number: int) -> tuple[list[bytes], dict[str, None]]:
        """Return the lines that are records, in their places, and the names in them."""
        good: list[bytes] = []
        names: dict[str, None] = {}
        present = number
        for place, line in numbered_lines(block, number):
            good.append(b"\n" * (place - present))
            present = place
            try:
                value = json_reader.value_of(decoded(line, place, self.file), self.file.at(), place)
            except InputError as error:
                self.context.experience.fault(*error.faults)
                continue
            where = self.file.at(f"{self.noun} {place}")
            if not isinstance(value, dict):
                what = f"this line is not a mapping, as the first line is: {shown(value, 40)}"
                self.context.experience.fault(Fault(what, where, "leave out this line"))
            elif wrong := _not_finite(value):
                self.context.experience.fault(Fault(wrong, where, "leave out this line"))
            else:
                good[-1] += line
                names |= dict.fromkeys(value)
        return good, names


def _not_finite(line: Any) -> str | None:
    """What is wrong with a line that has NaN or Infinity in it, which JSON has not."""
    for name, value in line.items() if isinstance(line, dict) else ():
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, float) and not math.isfinite(entry):
                return f"{shown(name)} is {entry}, expected a finite number"
    return None


class ListLines(StepLines):
    """One trajectory a line, in lists under other names than ours."""

    def _trajectories(self, frame: pl.DataFrame, *, inferred: bool) -> Iterator[Trajectories]:
        from rlcalc.readers.trajectories.list_rows import trajectories_of

        yield trajectories_of(frame, self.table)

"""JSONL: one trajectory a line in any of the three forms, or one step a line.

Lines of lists go through Polars, a block at a time. A block that Polars does not take whole, small
sources and the other forms go line by line through the documents' models, which find what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rlcalc.documents import adapter, faults
from rlcalc.errors import Fault, InputError, listed, shown
from rlcalc.readers import json as json_reader
from rlcalc.readers.column_names import COLUMN_NAMES
from rlcalc.readers.partitions import with_partition
from rlcalc.readers.places import dotted
from rlcalc.readers.sources import File, decoded, line_blocks
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.documents import batch, note_for_documents
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    import polars as pl

    from rlcalc.readers.trajectories.step_table import LabelEncoders

SMALL = 1 << 20
"""Bytes below which importing Polars costs more than it saves."""


def read(file: File, context: ReaderContext) -> Iterator[Trajectories]:
    """Yield the trajectories of a file, block by block.

    Raises:
        InputError: a line is not as it should be.
    """
    blocks = line_blocks(file)
    number, block = next(blocks)
    first = _first_value(block, number, file)
    if isinstance(first, dict) and "states" not in first:
        lines: StepLines | ListLines = (
            ListLines(file, context) if _holds_lists(first) else StepLines(file, context)
        )
        yield from lines.take(block, number)
        for number, block in blocks:
            yield from lines.take(block, number)
        return
    note_for_documents(context)
    following = chain([(number, block)], blocks)
    if (
        isinstance(first, dict)
        and len(block) >= SMALL
        and (schema := _schema(first, context.encoders))
    ):
        from rlcalc.readers.read_ahead import read_ahead

        whole = WholeBlocks(schema, file, context)
        for (number, block), frame in read_ahead(lambda item: whole.frame(item[1]), following):
            done = None if frame is None else whole.trajectories(frame, block)
            yield from by_line(block, number, file, context) if done is None else [done]
        return
    for number, block in following:
        yield from by_line(block, number, file, context)


def _first_value(block: bytes, number: int, file: File) -> Any:
    for place, line in enumerate(block.split(b"\n")):
        if line.strip():
            return json_reader.value_of(
                decoded(line, number + place, file), file.at(), number + place
            )
    return None


def _holds_lists(line: Mapping[str, Any]) -> bool:
    names = {name.lower(): name for name in line}
    return any(
        isinstance(line[names[alias]], list) for alias in COLUMN_NAMES["reward"] if alias in names
    )


def by_line(block: bytes, number: int, file: File, context: ReaderContext) -> list[Trajectories]:
    """Return the trajectories of a block, each line validated by itself."""
    validated, lines = [], []
    adapt = adapter("trajectory").validate_json
    for place, line in enumerate(block.split(b"\n"), start=number):
        if not line.strip():
            continue
        try:
            validated.append(adapt(line))
            lines.append(place)
        except ValidationError as error:
            context.experience.fault(*_line_faults(error, line, place, file))
    return batch(validated, context.experience, lambda n: file.at(f"line {lines[n]}"))


def _line_faults(error: ValidationError, line: bytes, number: int, file: File) -> list[Fault]:
    if error.errors(include_url=False)[0]["type"] == "json_invalid":
        try:
            json_reader.value_of(decoded(line, number, file), file.at(), number)
        except InputError as better:
            return better.faults
    if isinstance(json_reader.value_of(line.decode(), ""), str | int | float | bool | None):
        return [
            Fault("this is not a trajectory", file.at(f"line {number}"), shown(line.decode(), 40))
        ]
    return faults(
        error,
        lambda path: file.at(f"line {number}" + (f": {dotted(path)}" if path else "")),
        line=True,
    )


def _schema(first: Mapping[str, Any], encoders: LabelEncoders) -> dict[str, pl.DataType] | None:
    """Return what Polars should read lines as that look like the first; None: it should not."""
    import polars as pl

    schema: dict[str, pl.DataType] = {}
    for name, value in first.items():
        if name in ("log_probs", "behaviour_probs"):
            return None  # the models look at each number's range
        if name in ("states", "actions"):
            kinds = {type(label) for label in value} if isinstance(value, list) else set()
            if kinds not in ({str}, {int}):
                return None
            encoder = encoders.state if name == "states" else encoders.action
            schema[name] = pl.List(encoder.kind if kinds == {str} else pl.Int64)
        elif name in ("terminated", "truncated"):
            schema[name] = pl.Boolean()
        elif name == "trajectory":
            schema[name] = pl.String() if isinstance(value, str) else pl.Int64()
        else:
            schema[name] = pl.List(pl.Float64)
    return schema if {"states", "actions", "rewards"} <= set(schema) else None


class WholeBlocks:
    """Reads blocks of lines that all have the keys of the first, and labels of the same type.

    Polars passes over keys that it does not expect, and writes numbers as text where it expects
    text. So the colons and the quotes of a block are counted: they must be those of the keys and
    labels that were read.
    """

    def __init__(self, schema: dict[str, pl.DataType], file: File, context: ReaderContext) -> None:
        self.schema, self.file, self.context = schema, file, context
        self.table = context.table(file.at(), schema, str, plainly=True)

    def frame(self, block: bytes) -> pl.DataFrame | None:
        """Return a block as Polars reads it, or None if it does not."""
        import polars as pl

        try:
            return pl.read_ndjson(block, schema=self.schema)
        except pl.exceptions.PolarsError:
            return None

    def trajectories(self, frame: pl.DataFrame, block: bytes) -> Trajectories | None:
        """Return the trajectories of a block, or None if it must be read line by line."""
        import polars as pl

        from rlcalc.readers.trajectories.list_rows import arrays, lengths_differ

        if sum(frame.null_count().row(0)) or lengths_differ(frame, self.table).any():
            return None
        read = arrays(frame, self.table)
        kinds = [(frame[name], kind) for name, kind in self.schema.items()]
        n_texts = sum(
            int(column.list.len().sum()) if kind.is_nested() else len(frame)
            for column, kind in kinds
            if isinstance(getattr(kind, "inner", kind), pl.String | pl.Categorical)
        )
        if not _holds_only(block, len(frame) * len(self.schema), n_texts) or not read.complete():
            return None
        self.context.experience.n_rows += len(frame)
        return read


def _holds_only(block: bytes, n_keys: int, n_texts: int) -> bool:
    """Whether a block has as many keys and texts as were read, so that none was passed by."""
    import numpy as np

    data = np.frombuffer(block, dtype=np.uint8)
    colons = np.count_nonzero(data == ord(":"))
    quotes = np.count_nonzero(data == ord('"'))
    return quotes == 2 * (n_keys + n_texts) and (
        colons == n_keys or block.count(b'":') == n_keys  # labels may hold colons
    )


class StepLines:
    """One step a line: blocks of lines become frames, with the columns of the first block."""

    def __init__(self, file: File, context: ReaderContext) -> None:
        self.file, self.context = file, context
        self.table: Any = None
        self.block, self.number, self.before = b"", 1, 0

    def take(self, block: bytes, number: int) -> Iterator[Trajectories]:
        """Yield the trajectories that are whole with the lines of a block."""
        import polars as pl

        from rlcalc.readers.trajectories.step_table import map_columns

        self.block, self.number = block, number
        frame = self._frame(block, number)
        if not len(frame):
            return
        frame = with_partition(frame, self.context.partition(self.file), frame.columns)
        if self.table is None:
            self.table = self.context.table(self.file.at(), dict(frame.schema), self._place)
        self.before = self.table.n_rows
        where = self.file.at(f"line {number} and after")
        new = set(map_columns(frame.columns, self.context.request, where)) - set(self.table.column)
        if new:
            what = f"the {listed(sorted(new))} is in this line, and in no line before"
            self.context.experience.fault(Fault(what, where, "give it in every line"))
        missing = [name for name in self.table.sources if name not in frame.columns]
        frame = frame.with_columns(pl.lit(None).alias(name) for name in missing)
        self.table.schema = dict(frame.schema)
        self.table.note_texts(self.table.schema)
        yield from self._trajectories(frame)

    def _trajectories(self, frame: pl.DataFrame) -> Iterator[Trajectories]:
        import polars as pl

        try:
            rows = frame.lazy().select(self.table.expressions()).collect()
        except pl.exceptions.PolarsError as error:
            what = f"not a table: {shown(str(error).splitlines()[0], 200)}"
            raise InputError(what, self.file.at(f"line {self.number} and after")) from error
        yield from self.context.assembler.push(self.table.rows(rows, lambda: frame))

    def _place(self, row: int) -> str:
        lines = [n for n, line in enumerate(self.block.split(b"\n"), self.number) if line.strip()]
        return f"line {lines[row - self.before]}"

    def _frame(self, block: bytes, number: int) -> pl.DataFrame:
        import polars as pl

        try:
            frame = pl.read_ndjson(block, infer_schema_length=None)
        except pl.exceptions.PolarsError as error:
            problem = error
        else:
            return self._with_exact_labels(frame, block)
        good, names = self._good_lines(block, number)
        try:
            self.block = b"\n".join(good)
            return pl.read_ndjson(
                self.block, infer_schema_length=None, schema_overrides=self._label_types(names)
            )
        except pl.exceptions.PolarsError:
            first = str(problem).splitlines()[0]
            self.context.experience.fault(
                Fault(f"not a table: {shown(first, 200)}", self.file.at(f"line {number}"))
            )
            return pl.DataFrame()

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

    def _label_types(self, names: Iterable[str]) -> dict[str, pl.DataType]:
        """Return the columns of labels, of which anything can be read as text."""
        import polars as pl

        from rlcalc.readers.trajectories.step_table import KEYS, LABELS, map_columns

        columns = map_columns(list(names), self.context.request, self.file.at(), needed=())
        return {columns[name]: pl.String() for name in (*LABELS, *KEYS) if name in columns}

    def _good_lines(self, block: bytes, number: int) -> tuple[list[bytes], dict[str, None]]:
        """Return the lines that are records, blank where one is not, and the names in them."""
        good: list[bytes] = []
        names: dict[str, None] = {}
        for place, line in enumerate(block.split(b"\n"), start=number):
            good.append(b"")
            if not line.strip():
                continue
            try:
                value = json_reader.value_of(decoded(line, place, self.file), self.file.at(), place)
            except InputError as error:
                self.context.experience.fault(*error.faults)
                continue
            where = self.file.at(f"line {place}")
            if not isinstance(value, dict):
                what = f"this line is not a mapping, as the first line is: {shown(value, 40)}"
                self.context.experience.fault(Fault(what, where, "leave out this line"))
            elif wrong := _not_finite(value):
                self.context.experience.fault(Fault(wrong, where, "leave out this line"))
            else:
                good[-1] = line
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

    def _trajectories(self, frame: pl.DataFrame) -> Iterator[Trajectories]:
        from rlcalc.readers.trajectories.list_rows import trajectories_of

        yield trajectories_of(frame, self.table)

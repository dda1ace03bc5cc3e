"""JSONL: one trajectory a line in any of the three forms, or one step a line.

Lines of lists go through Polars, a block at a time. A block that Polars does not take whole, small
sources and the other forms go line by line through the documents' models, which find what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rlcalc.documents import Document, adapter, document_faults, without_fields
from rlcalc.errors import Fault, InputError, shown
from rlcalc.readers import json as json_reader
from rlcalc.readers.places import dotted
from rlcalc.readers.sources import File, decoded, line_blocks
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.documents import batch, is_table, note_for_documents
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    import polars as pl

    from rlcalc.readers.label_encoder import LabelEncoders

SMALL = 1 << 20
"""Bytes below which importing Polars costs more than it saves."""


def read(file: File, context: ReaderContext) -> Iterator[Trajectories]:
    """Yield the trajectories of a file, block by block.

    Raises:
        InputError: a line is not as it should be.
    """
    blocks = line_blocks(file)
    number, block = next(blocks)
    first = next(_values(block, number, file), None)
    following = chain([(number, block)], blocks)
    if isinstance(first, dict) and "states" not in first:
        from rlcalc.readers.trajectories.step_lines import lines_like

        lines = lines_like(first, file, context)
        for number, block in following:
            yield from lines.take(block, number)
        return
    if is_table(first, one_step=context.request.one_step):
        from rlcalc.readers.trajectories.step_lines import of_records

        lists = (_values(block, number, file) for number, block in following)
        rows = [row for values in lists for value in values for row in value]
        yield from of_records(rows, file, context)
        return
    note_for_documents(context)
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


def _values(block: bytes, number: int, file: File) -> Iterator[Any]:
    for place, line in enumerate(block.split(b"\n"), start=number):
        if line.strip():
            yield json_reader.value_of(decoded(line, place, file), file.at(), place)


def by_line(block: bytes, number: int, file: File, context: ReaderContext) -> list[Trajectories]:
    """Return the trajectories of a block, each line validated by itself."""
    validated, lines = [], []
    adapt = adapter("trajectory").validate_json
    for place, line in enumerate(block.split(b"\n"), start=number):
        if not line.strip():
            continue
        try:
            trajectory = adapt(line)
            if line.count(b'":') != _n_keys(trajectory):  # a key twice, or a colon in a label
                json_reader.value_of(decoded(line, place, file), file.at(), place)
            validated.append(trajectory)
            lines.append(place)
        except InputError as error:
            context.experience.fault(*error.faults)
        except ValidationError as error:
            unread = context.request.unread
            trajectory = _without(unread, line) if unread else None
            if trajectory is not None:
                validated.append(trajectory)
                lines.append(place)
                continue
            context.experience.fault(*_line_faults(error, line, place, file))
    return batch(validated, context.experience, lambda n: file.at(f"line {lines[n]}"))


def _without(fields: tuple[str, ...], line: bytes) -> Any:
    """Return the trajectory of a line without some fields, or None if more is wrong with it."""
    try:
        value = json_reader.value_of(line.decode(), "")
        return adapter("trajectory").validate_python(without_fields(value, fields))
    except (ValidationError, InputError, UnicodeDecodeError):
        return None


def _n_keys(trajectory: Any) -> int:
    """Return how many keys a validated trajectory was written with."""
    parts = trajectory if isinstance(trajectory, list) else [trajectory]
    return sum(len(part.model_fields_set) for part in parts if isinstance(part, Document))


def _line_faults(error: ValidationError, line: bytes, number: int, file: File) -> list[Fault]:
    try:
        value = json_reader.value_of(decoded(line, number, file), file.at(), number)
    except InputError as better:
        return better.faults
    if isinstance(value, str | int | float | bool | None):
        return [
            Fault("this is not a trajectory", file.at(f"line {number}"), shown(line.decode(), 40))
        ]
    return document_faults(
        error,
        lambda path: file.at(f"line {number}" + (f": {dotted(path)}" if path else "")),
        line=True,
    )


def _schema(first: Mapping[str, Any], encoders: LabelEncoders) -> dict[str, pl.DataType] | None:
    """Return what Polars should read lines as that look like the first; None: it should not."""
    import polars as pl

    schema: dict[str, pl.DataType] = {}
    for name, value in first.items():
        if name in ("log_probs", "behaviour_probs", "old_log_probs"):
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

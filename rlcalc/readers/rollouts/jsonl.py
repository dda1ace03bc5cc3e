"""JSONL with rollouts: blocks of lines through Polars, which reads only the fields that are needed.

A block that Polars does not take (NaN, a torn last line, something wrong) goes line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from io import FileIO
from itertools import chain
from typing import Any

import polars as pl

from rlcalc.errors import InputError, shown
from rlcalc.readers import json as json_reader
from rlcalc.readers.read_ahead import read_ahead
from rlcalc.readers.rollouts.builder import RolloutsBuilder
from rlcalc.readers.rollouts.columns import expressions, types_of
from rlcalc.readers.rollouts.dumps.layout import Layout
from rlcalc.readers.rollouts.records import CHUNK, add_records, layout_of
from rlcalc.readers.sources import LONGEST_LINE, File, decoded, line_blocks

BLOCK = 1 << 23
AHEAD = 2
"""Blocks that are worked on while another one is read."""


@dataclass(frozen=True)
class Block:
    """Some whole lines of a file."""

    text: bytes
    last: bool  # the file ends with them
    first_line: Callable[[], int]  # asked for only where something is wrong

    def line(self, row: int) -> int:
        """Return the number of the line that a row stands in; blank lines are none."""
        lines = enumerate(self.text.split(b"\n"), self.first_line())
        there = (number for number, line in lines if line.strip())
        return next(number for place, number in enumerate(there) if place == row)


def read(file: File, builder: RolloutsBuilder) -> None:
    """Take in the rollouts of a file.

    Raises:
        InputError: a line is not as it should be.
    """
    blocks = _from_disk(file.path, file) if file.path else _from_stream(file)
    first_block = next(blocks)
    first = _first(first_block, file)
    blocks = chain([first_block], blocks)
    module = builder.dump_of(first, file.at("line 1"))
    layout = layout_of(module, first, None, file.at("line 1"), builder.request)
    if layout is None:
        for block in blocks:
            _nested(list(_values(block, file, builder)), module, file, builder)
        return
    kinds = types_of(layout, first, builder.request)
    chosen = expressions(layout, kinds, builder.request)
    for block, frame in read_ahead(partial(_frame, kinds, chosen), blocks, AHEAD):
        if frame is None:
            _by_line(block, layout, file, builder)
        else:
            builder.take(layout, frame, partial(_place, file, block))


def _from_stream(file: File) -> Iterator[Block]:
    before: tuple[int, bytes] | None = None
    for number, text in line_blocks(file):
        if not text.strip():
            continue
        if before:
            yield Block(before[1], False, partial(int, before[0]))
        before = number, text
    if before:
        yield Block(before[1], True, partial(int, before[0]))


def _from_disk(path: str, file: File) -> Iterator[Block]:
    """Yield blocks of a plain file, each read once, up to a line end that was looked for before."""
    with open(path, "rb", buffering=0) as stream:
        size, offset = stream.seek(0, 2), 0
        while offset < size:
            end = _line_end(stream, offset, size)
            if end - offset > LONGEST_LINE:
                raise InputError(
                    f"a line is longer than {LONGEST_LINE >> 20} MB",
                    file.at(f"line {_line_at(path, offset)}"),
                    "write one rollout a line",
                )
            stream.seek(offset)
            text = stream.read(end - offset)
            if offset == 0:
                text = text.removeprefix(b"\xef\xbb\xbf")
            if not text.isspace():
                yield Block(text, end >= size, partial(_line_at, path, offset))
            offset = end


def _line_end(stream: FileIO, offset: int, size: int) -> int:
    """Return where the last line ends that ends in the block after an offset, or the next one."""
    for target in range(offset + BLOCK, size, BLOCK):
        for window in (min(1 << 16, BLOCK), BLOCK):
            stream.seek(target - window)
            found = stream.read(window).rfind(b"\n")
            if found >= 0:
                return target - window + found + 1
    return size


def _line_at(path: str, offset: int) -> int:
    """Return the number of the line that begins at an offset."""
    with open(path, "rb") as stream:
        ends = 0
        while offset > 0 and (text := stream.read(min(offset, BLOCK))):
            ends += text.count(b"\n")
            offset -= len(text)
    return ends + 1


def _first(block: Block, file: File) -> dict[str, Any]:
    lines = enumerate(block.text.split(b"\n"), 1)
    number, line = next((number, line) for number, line in lines if line.strip())
    value = _value(line, number, file, last=block.last and block.text.strip() == line.strip())
    if not isinstance(value, dict):
        raise InputError(
            f"this line is not a mapping: {shown(value, 40)}",
            file.at(f"line {number}"),
            'write one rollout a line: {"group": 1, "reward": 0.5}',
        )
    return value


def _frame(
    kinds: Mapping[str, pl.DataType], chosen: list[pl.Expr], block: Block
) -> pl.DataFrame | None:
    try:
        frame = pl.read_ndjson(block.text, schema=dict(kinds))
        return frame.lazy().select(chosen).collect()
    except pl.exceptions.PolarsError:
        return None


def _place(file: File, block: Block, row: int) -> str:
    return file.at(f"line {block.line(row)}")


def _by_line(block: Block, layout: Layout, file: File, builder: RolloutsBuilder) -> None:
    lines = list(_values(block, file, builder))
    if lines:
        records = [record for _, record in lines]
        builder.plain_records(layout, records, lambda n: file.at(f"line {lines[n][0]}"))


def _nested(
    lines: list[tuple[int, dict[str, Any]]], module: Any, file: File, builder: RolloutsBuilder
) -> None:
    for begin in range(0, len(lines), CHUNK):
        part = lines[begin : begin + CHUNK]
        records = [record for _, record in part]
        where = [file.at(f"line {line}") for line, _ in part]
        if hasattr(module, "records"):
            add_records(records, file.at(), builder, where.__getitem__)
        else:
            builder.records(module, records, where.__getitem__)


def _value(line: bytes, number: int, file: File, *, last: bool) -> Any:
    """Return what a line holds.

    Raises:
        InputError: it is not JSON.
    """
    try:
        return json_reader.value_of(decoded(line, number, file), file.at(), number)
    except InputError as error:
        fault = error.faults[0]
        if last or "in the middle" not in fault.what:
            raise
        raise InputError(
            "this line ends in the middle of a value, and others follow",
            fault.where,
            "a run was killed there and another went on, or two wrote at once: leave out the line",
        ) from error


def _values(
    block: Block, file: File, builder: RolloutsBuilder
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines of a block with their numbers; a torn last line is left out."""
    lines = block.text.rstrip().split(b"\n")
    first = block.first_line()
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            last = block.last and number == first + len(lines) - 1
            value = _value(line, number, file, last=last)
        except InputError:
            if not last or number == 1:
                raise
            builder.skipped += 1  # it was being written
            builder.note(f"{file.at(f'line {number}')}: the last line is torn, and left out")
            continue
        if not isinstance(value, dict):
            where = file.at(f"line {number}")
            raise InputError(
                f"this line is not a mapping: {shown(value, 40)}", where, "leave it out"
            )
        yield number, value

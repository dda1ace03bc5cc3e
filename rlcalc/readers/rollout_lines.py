"""JSONL with rollouts: blocks of lines through Polars, which reads only the fields that are needed.

A block that Polars does not take (NaN, a torn last line, something wrong) goes line by line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import polars as pl

from rlcalc.errors import InputError, shown
from rlcalc.readers import dumps
from rlcalc.readers import json as json_reader
from rlcalc.readers.dumps.layout import Layout
from rlcalc.readers.gathering import Gathering
from rlcalc.readers.jsonl import decoded
from rlcalc.readers.reading import one_ahead
from rlcalc.readers.rollout_columns import expressions, kinds_of
from rlcalc.readers.rollouts import CHUNK, add_records, layout_of
from rlcalc.readers.sources import File, line_blocks

Block = tuple[int, bytes, bool]
"""The number of its first line, whole lines, and whether the file ends with them."""


def read(file: File, gathering: Gathering) -> None:
    """Take in the rollouts of a file.

    Raises:
        InputError: a line is not as it should be.
    """
    blocks = _blocks(file)
    first_block = next(blocks)
    first = _first(first_block, file)
    module = dumps.module(gathering.form_of(first, file.at("line 1")))
    layout = layout_of(module, first, None, file.at("line 1"), gathering.asked)

    def following() -> Iterator[Block]:
        yield first_block
        yield from blocks

    if layout is None:
        for block in following():
            lines = list(_values(block, file, gathering))
            for begin in range(0, len(lines), CHUNK):
                part = lines[begin : begin + CHUNK]
                records = [record for _, record in part]
                where = [file.at(f"line {line}") for line, _ in part]
                if hasattr(module, "records"):
                    add_records(records, file.at(), gathering, where.__getitem__)
                else:
                    gathering.records(module, records, where.__getitem__)
        return
    kinds = kinds_of(layout, first, gathering.asked)
    chosen = expressions(layout, kinds, gathering.asked)
    for block, frame in one_ahead(lambda held: _frame(held, kinds, chosen), following()):
        if frame is None:
            _by_line(block, layout, file, gathering)
        else:
            gathering.take(layout, frame, partial(_place, file, block))


def _blocks(file: File) -> Iterator[Block]:
    before: tuple[int, bytes] | None = None
    for number, text in line_blocks(file):
        if not text.strip():
            continue
        if before:
            yield (*before, False)
        before = number, text
    if before:
        yield (*before, True)


def _first(block: Block, file: File) -> dict[str, Any]:
    number, text, _ = block
    line, place = next(
        (line, n) for n, line in enumerate(text.split(b"\n"), number) if line.strip()
    )
    value = json_reader.value_of(decoded(line, place, file), file.at(), place)
    if not isinstance(value, dict):
        raise InputError(
            f"this line is no mapping: {shown(value, 40)}", file.at(f"line {place}"),
            "write one rollout a line: {\"group\": 1, \"reward\": 0.5}",
        )  # fmt: skip
    return value


def _frame(
    block: Block, kinds: Mapping[str, pl.DataType], chosen: list[pl.Expr]
) -> pl.DataFrame | None:
    try:
        frame = pl.read_ndjson(block[1], schema=dict(kinds))
        return frame.lazy().select(chosen).collect()
    except pl.exceptions.PolarsError:
        return None


def _place(file: File, block: Block, row: int) -> str:
    lines = (n for n, line in enumerate(block[1].split(b"\n"), block[0]) if line.strip())
    return file.at(f"line {next(n for place, n in enumerate(lines) if place == row)}")


def _by_line(block: Block, layout: Layout, file: File, gathering: Gathering) -> None:
    lines = list(_values(block, file, gathering))
    if lines:
        records = [record for _, record in lines]
        gathering.plain_records(layout, records, lambda n: file.at(f"line {lines[n][0]}"))


def _values(block: Block, file: File, gathering: Gathering) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines of a block with their numbers; a torn last line is left out."""
    number, text, last = block
    lines = text.rstrip().split(b"\n")
    for place, line in enumerate(lines, start=number):
        if not line.strip():
            continue
        torn = last and place == number + len(lines) - 1 and place > 1  # it was being written
        try:
            value = json_reader.value_of(decoded(line, place, file), file.at(), place)
        except InputError:
            if not torn:
                raise
            gathering.skipped += 1
            gathering.note(f"{file.at(f'line {place}')}: the last line is torn, and left out")
            continue
        if not isinstance(value, dict):
            raise InputError(
                f"this line is no mapping: {shown(value, 40)}", file.at(f"line {place}"),
                "leave it out",
            )  # fmt: skip
        yield place, value

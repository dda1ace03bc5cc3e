"""JSONL with rollouts: blocks of lines through Polars, which reads only the fields that are needed.

A block that Polars does not take (NaN, a torn last line, something wrong) goes line by line. The
columns are those of all lines: lines with other keys than those before are parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from io import FileIO
from itertools import chain, islice
from types import ModuleType
from typing import Any

import polars as pl

from rlcalc.errors import InputError, RlcalcError, shown
from rlcalc.numerics.arrays import Ints
from rlcalc.readers import json as json_reader
from rlcalc.readers.nesting import has_deep_line, may_be_deep
from rlcalc.readers.read_ahead import read_ahead
from rlcalc.readers.rollouts.builder import RolloutsBuilder
from rlcalc.readers.rollouts.dumps.layout import Layout
from rlcalc.readers.rollouts.json_keys import keys_of, unusual_lines
from rlcalc.readers.rollouts.records import CHUNK, Columns, add_records, record_layout
from rlcalc.readers.rollouts.request import NoRollouts, RolloutRequest
from rlcalc.readers.sources import LONGEST_LINE, File, decoded, line_blocks, numbered_lines, shrunk

BLOCK = 1 << 23
FIRST_LINES = 64
"""Lines at the beginning of a file that are parsed, so that most of its keys are known."""
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
        lines = numbered_lines(self.text, self.first_line())
        return next(islice(lines, row, None))[0]


def _is_null_in(text: bytes, name: str) -> bool:
    """Whether a key stands somewhere in lines with null, which a frame does not tell from none."""
    return re.search(rb"%s\s*:\s*null" % re.escape(json.dumps(name).encode()), text) is not None


class ColumnsChanged(RlcalcError):
    """Not an error: columns of a later line change what those of the lines before mean."""

    def __init__(self, columns: Columns, where: str) -> None:
        self.columns, self.where = columns, where
        super().__init__("columns changed", where)


@dataclass(frozen=True)
class Plan:
    """How the lines of a file are read, as far as its columns are known."""

    layout: Layout
    kinds: Mapping[str, pl.DataType]  # of the columns that are read
    known: frozenset[bytes]  # keys that lines have, at any depth
    once: frozenset[bytes]  # keys of what is read
    inner: tuple[str, ...]  # keys inside values, which would be columns that are read


def read(file: File, builder: RolloutsBuilder, columns: Columns) -> None:
    """Take in the rollouts of a file.

    Args:
        file: of JSON lines.
        builder: takes them in.
        columns: of the file, as far as they are known.

    Raises:
        ColumnsChanged: it must be read once more, with more columns.
        InputError: a line is not as it should be.
    """
    blocks = _from_disk(file.path, file) if file.path else _from_stream(file)
    first_block = next(blocks)
    first = _first(first_block, file)
    Lines(file, builder, columns).read(first, first_block, chain([first_block], blocks))


class Lines:
    """The lines of one file, whose columns become known while they are read."""

    def __init__(self, file: File, builder: RolloutsBuilder, columns: Columns) -> None:
        self.file, self.builder, self.columns = file, builder, columns
        self.keys: set[bytes] = set()
        self.plan: Plan | None = None
        self.module = ModuleType("none yet")

    def read(self, first: Mapping[str, Any], first_block: Block, blocks: Iterator[Block]) -> None:
        """Take in all blocks.

        Raises:
            ColumnsChanged: see `read`.
            InputError: a line is not as it should be.
        """
        self.columns.add([first])
        self._learn(first_block, range(FIRST_LINES))
        self._learn(first_block, self._unusual(first_block).tolist())
        where = self.file.at("line 1")
        try:
            self._choose(where)
        except InputError:
            self._look_for_more(blocks)
            raise
        if self.plan is None:
            for block in blocks:
                with json_reader.no_collection():
                    values = list(_values(block, self.file, self.builder))
                _nested(values, self.module, self.file, self.builder)
            return
        for block, (plan, frame, lines) in read_ahead(self._work, blocks, AHEAD):
            if self._learn(block, lines):
                self._choose(self.file.at(f"line {block.first_line()} and after"))
            if plan is not self.plan:
                _, frame, _ = self._work(block)
            self._take(block, frame)

    def _unusual(self, block: Block) -> Ints:
        once = self.plan.once if self.plan else ()
        return unusual_lines(block.text, self.keys, once)

    def _work(self, block: Block) -> tuple[Plan, pl.DataFrame | None, list[int]]:
        plan = self._present()
        lines = unusual_lines(block.text, plan.known, plan.once).tolist()
        schema = {**plan.kinds, **dict.fromkeys(plan.inner, pl.String())}
        if self.builder.request.where:  # which may look at columns that are not read
            return plan, None, lines
        try:
            frame = pl.read_ndjson(block.text, schema=schema)
            if any(
                frame[name].null_count() < len(frame) or _is_null_in(block.text, name)
                for name in plan.inner
            ):
                return plan, None, lines
            if may_be_deep(block.text, len(frame)) and has_deep_line(block.text):
                return plan, None, lines
            frame = frame.drop(plan.inner)
            if self.builder.is_plain(plan.layout, plan.kinds):
                frame = self.builder.selected(plan.layout, frame)
        except pl.exceptions.PolarsError:
            return plan, None, lines
        return plan, frame, lines

    def _present(self) -> Plan:
        assert self.plan is not None
        return self.plan

    def _take(self, block: Block, frame: pl.DataFrame | None) -> None:
        plan = self._present()
        place: Callable[[int], str]
        if frame is not None:
            place = partial(_place, self.file, block)
            if self.builder.is_plain(plan.layout, plan.kinds):
                self.builder.take(plan.layout, frame, place)
            else:
                self.builder.take_frame(plan.layout, frame, place)
            return
        with json_reader.no_collection():
            lines = list(_values(block, self.file, self.builder))
        records = [record for _, record in lines]
        if self.columns.add(records):
            self._choose(self.file.at(f"line {block.first_line()} and after"))
        if records:
            place = lambda n: self.file.at(f"line {lines[n][0]}")  # noqa: E731
            self.builder.plain_records(self._present().layout, self.columns.values, records, place)

    def _learn(self, block: Block, lines: Iterable[int]) -> bool:
        """Parse some lines of a block; return whether they have columns or keys that are new.

        Raises:
            InputError: a line has a key twice.
        """
        records, n_keys = [], len(self.keys)
        for number, text in _lines_at(block.text, lines):
            try:
                value = json_reader.value_of(decoded(text, 1, self.file), "")
            except InputError as error:
                if isinstance(error.__cause__, json_reader.KeyTwiceError):
                    _value(text, block.first_line() + number, self.file, last=False)
                continue  # who reads the line says what is wrong with it
            if isinstance(value, dict):
                records.append(value)
                self.keys.update(keys_of(text))
        return self.columns.add(records) or len(self.keys) > n_keys

    def _choose(self, where: str) -> None:
        """Choose what to read, by all columns that are known.

        Raises:
            ColumnsChanged: what was read before must be read otherwise.
            InputError: there are no rewards, or no groups.
        """
        builder, values = self.builder, {**self.builder.partition, **self.columns.values}
        before, module = self.plan, self.module
        if before and builder.sniffed(values, where).module is not module:
            raise ColumnsChanged(self.columns, where)
        if before is None:
            self.module = module = builder.dump_of(values, where)
        layout = record_layout(module, values, None, where, builder.request)
        if layout is None:
            return
        if before and not _goes_on(before.layout, layout, builder.request):
            raise ColumnsChanged(self.columns, where)
        kinds = builder.kinds(layout, self.columns.values)
        names = {*kinds}
        for kind in kinds.values():
            names |= {field.name for field in getattr(kind, "fields", ())}
        self.plan = Plan(
            layout,
            kinds,
            known=frozenset(self.keys),
            once=frozenset(key for name in names for key in _written(name)),
            inner=tuple(name for name in self._inner_names() if self._matters(name, layout)),
        )

    def _inner_names(self) -> list[str]:
        names = map(_name, sorted(self.keys))
        return [name for name in names if name not in self.columns.values]

    def _matters(self, name: str, layout: Layout) -> bool:
        """Whether it would change what is read if a key inside values were a column too."""
        values = {**self.builder.partition, **self.columns.values, name: 0}
        try:
            module = self.builder.sniffed(values, "").module
            other = record_layout(module, values, None, "", self.builder.request)
        except InputError:
            return True
        return module is not self.module or other != layout

    def _look_for_more(self, blocks: Iterable[Block]) -> None:
        """Look for columns in all that is left, where those that are known are no rollouts.

        Raises:
            ColumnsChanged: there are more.
        """
        n_columns = self.columns.n_names
        for block in blocks:
            self._learn(block, self._unusual(block).tolist())
        if self.columns.n_names > n_columns:
            raise ColumnsChanged(self.columns, self.file.at())


def _lines_at(text: bytes, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of these numbers, from 0 and ascending, that are there and not blank."""
    begin = line = 0
    for number in numbers:
        while line < number and begin >= 0:
            begin, line = text.find(b"\n", begin) + 1 or -1, line + 1
        if begin < 0:
            return
        end = text.find(b"\n", begin)
        one = text[begin : end if end >= 0 else len(text)]
        if one.strip():
            yield number, one


def _goes_on(before: Layout, after: Layout, request: RolloutRequest) -> bool:
    """Whether a layout reads what another one did, and more: it is null in the rows before."""
    spare = {
        "advantage",
        "truncated",
        "baseline",
        "answer",
        *(() if request.texts else ("length",)),
    }
    more: dict[str, Any] = {name: None for name in spare if getattr(before, name) is None}
    rewards = before.reward if set(before.reward) <= set(after.reward) else after.reward
    return replace(after, reward=rewards, **more) == before


def _written(name: str) -> Iterator[bytes]:
    """Yield how a key may stand in JSON."""
    for ascii_only in (True, False):
        yield json.dumps(name, ensure_ascii=ascii_only)[1:-1].encode(errors="replace")


def _name(key: bytes) -> str:
    """Return the name that is written so."""
    try:
        return str(json.loads(b'"' + key + b'"'))
    except ValueError:
        return key.decode(errors="replace")


def _from_stream(file: File) -> Iterator[Block]:
    before: tuple[int, bytes] | None = None
    for number, text in line_blocks(file):
        if text.isspace():
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
            if len(text) < end - offset:
                raise shrunk(file.name, size, offset + len(text))
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
    number, line = next(numbered_lines(block.text, 1))
    value = _value(line, number, file, last=block.last and block.text.strip() == line.strip())
    if not isinstance(value, dict):
        raise NoRollouts(
            f"this line is not a mapping: {shown(value, 40)}",
            file.at(f"line {number}"),
            'write one rollout a line: {"group": 1, "reward": 0.5}',
        )
    return value


def _place(file: File, block: Block, row: int) -> str:
    return file.at(f"line {block.line(row)}")


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
    text, first = block.text.rstrip(), block.first_line()
    end = first + text.count(b"\n")
    for number, line in numbered_lines(text, first):
        try:
            last = block.last and number == end
            value = _value(line, number, file, last=last)
        except InputError as error:
            torn = isinstance(error.__cause__, json.JSONDecodeError | UnicodeDecodeError)
            if not torn or not last or number == 1:
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

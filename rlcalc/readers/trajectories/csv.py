"""CSV and TSV: blocks of whole lines through Polars.

Columns are read in the types that the first rows suggest. Where these do not fit a block, every
cell of it is text first, so that one that is not what it should be is found with its row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

import numpy as np
import polars as pl

from rlcalc.errors import Fault, InputError, shown
from rlcalc.readers.byte_counts import count_byte
from rlcalc.readers.column_names import NUMBERS
from rlcalc.readers.csv_header import CsvHeader, episode_columns, header_of
from rlcalc.readers.partitions import Partition, with_partition
from rlcalc.readers.sources import File, has_short_lines, line_blocks, line_bounds, parts_of
from rlcalc.readers.trajectories.cell_types import CellTypes, cell_types, fits
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.step_table import Rows, Table
from rlcalc.trajectories import Trajectories

HEADER = re.compile(rb"(?m)^[ \t]*[^#\s].*\n")
"""A whole line that is neither blank nor a comment."""

LONGEST_CELL = 1 << 26

N_FIRST = 100
"""Lines from which the types of columns are judged."""

MOST_UNFIT = 3
"""Blocks that are read twice, in types and then as text; after these all are read as text."""

BLANK = re.compile(rb"(?m)^[ \t]*\r?\n")


def read(file: File, context: ReaderContext) -> Iterator[Trajectories]:
    """Yield the trajectories of a table, block by block.

    Raises:
        InputError: the table or a cell is not as it should be.
    """
    lines = Lines(file, context)
    head = b""
    for _, block in line_blocks(file):
        if lines.table is None:
            head += block
            if not HEADER.search(head):
                if len(head) > LONGEST_CELL:
                    what = f"the first {LONGEST_CELL >> 20} MB have no header"
                    raise InputError(what, file.at("line 1"), "leave out blank lines and comments")
                continue
            block = lines.begin(head)
        yield from lines.take(block)
    if lines.table is None:
        lines.begin(head)
    lines.finish()


class Lines:
    """The rows of one file: its header, and where the block that is being read begins."""

    def __init__(self, file: File, context: ReaderContext) -> None:
        self.file, self.context = file, context
        self.header: CsvHeader
        self.names = b""  # the header, as Polars reads it
        self.table: Table | None = None
        self.partition: Partition = {}
        self.open = b""  # the bytes behind the last whole row, inside quotes
        self.line = 1  # the number of the first line of the block
        self.types: CellTypes | None = None  # of columns that are not read as text
        self.n_unfit = 0  # blocks that these types did not fit
        self.block, self.before = b"", 0  # the block, and how many rows came before it

    def take(self, block: bytes) -> Iterator[Trajectories]:
        """Yield the trajectories that are whole with the rows of a block."""
        assert self.table is not None
        data, self.open = whole_rows(self.open + block)
        if len(self.open) > LONGEST_CELL:
            self._never_closed()
        if data and not data.isspace():
            self.block, self.before = data, self.table.n_rows
            yield from self.context.assembler.push(self._rows(data, self.table))
        self.line += count_byte(data, b"\n")

    def finish(self) -> None:
        """Report the faults of the file as a whole."""
        if self.open.strip():
            self._never_closed()
        if self.table is None or not self.table.n_rows:
            self.context.experience.fault(
                Fault(
                    "the table has a header and no rows",
                    self.file.at(),
                    fix="give at least one row",
                )
            )

    def _never_closed(self) -> None:
        self.context.experience.fault(
            Fault(
                "a quote is never closed",
                self.file.at(f"line {self.line}"),
                'a cell with quotes in it is written in quotes, and they are doubled: "5"" pipe"',
            )
        )
        self.open = b""

    def begin(self, block: bytes) -> bytes:
        """Read the header; return what stands behind it."""
        self.header = header_of(block, self.file)
        self.line += self.header.n_lines
        names = io.StringIO()
        csv.writer(names, delimiter=self.header.separator, lineterminator="\n").writerow(
            self.header.names
        )
        self.names = names.getvalue().encode()
        partition = self.context.partition(self.file).items()
        self.partition = {name: str(value) for name, value in partition if value is not None}
        if episodes := episode_columns(self.header, self.context.request.columns):
            self.partition = {**self.partition, **episodes}
            self.context.experience.note(
                "this is a log of episodes (of Stable-Baselines3's Monitor, or Gymnasium's "
                "RecordEpisodeStatistics): each row is an episode, its reward is the return, its "
                "state the environment"
            )
        schema = dict.fromkeys([*self.header.names, *self.partition], pl.String())
        self.table = self.context.table(self.file.at(), schema, self._place, typed=False)
        return block[self.header.n_bytes :]

    def _rows(self, data: bytes, table: Table) -> Rows:
        frame = self._typed_frame(data, table)
        if frame is not None:
            return table.rows_of(frame, lambda: self._frame(data, table))
        data = without_blank_lines(data)
        try:
            source = self._frame(data, table)
        except pl.exceptions.PolarsError as error:
            self.context.experience.fault(self._ragged(error, table))
            source = self._frame(data, table, truncate_ragged_lines=True, encoding="utf8-lossy")
        return table.rows_of(source)

    def _typed_frame(self, data: bytes, table: Table) -> pl.DataFrame | None:
        """Return the rows with types that their first ones suggest; None if these do not fit."""
        try:
            if self.types is None:
                self.types = self._types_of(data, table)
            if not self.types or self.n_unfit > MOST_UNFIT:
                return None
            frame = self._frame(data, table, self.types)
            if fits(table, frame):
                return frame
        except pl.exceptions.PolarsError:
            pass  # read as text, which finds the row
        self.n_unfit += 1
        return None

    def _types_of(self, data: bytes, table: Table) -> CellTypes:
        if self.header.spaced:
            return {}
        first, _ = whole_rows(b"".join(islice(io.BytesIO(data), N_FIRST)))
        texts = self._frame(without_blank_lines(first), table)
        return cell_types(table, texts, decimal_comma=self.header.decimal_comma)

    def _frame(
        self,
        data: bytes,
        table: Table,
        types: CellTypes | None = None,
        **request: bool | str,
    ) -> pl.DataFrame:
        frame = pl.read_csv(
            io.BytesIO(self.names + data),
            infer_schema=False,
            schema_overrides=types,
            separator=self.header.separator,
            columns=[name for name in table.sources if name in self.header.names],
            **request,  # type: ignore[arg-type]
        )
        frame = with_partition(frame, self.partition, self.header.names)
        if self.header.spaced:
            frame = frame.with_columns(pl.all().str.strip_chars_start(" "))
        if self.header.decimal_comma:
            numbers = {table.column[name] for name in NUMBERS if name in table.column}
            frame = frame.with_columns(pl.col(*numbers).str.replace(",", ".", literal=True))
        return frame

    def _place(self, row: int) -> str:
        """Say where a row of the present block stands."""
        reader = csv.reader(
            io.StringIO(self.block.decode(errors="replace"), newline=""),
            delimiter=self.header.separator,
        )
        number, begins = self.before - 1, 0
        for cells in reader:
            number += bool(cells)
            if number == row:
                break
            begins = reader.line_num
        return f"row {row + 1} (line {self.line + begins})"

    def _ragged(self, error: Exception, table: Table) -> Fault:
        """Find the row that Polars does not take."""
        try:
            text = self.block.decode()
        except UnicodeDecodeError as undecodable:
            at = self.line + self.block.count(b"\n", 0, undecodable.start)
            return Fault("a cell is not UTF-8", f"{table.file}, line {at}", "save it as UTF-8")
        width, begins = len(self.header.names), 0
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.header.separator)
        for cells in reader:
            if len(cells) > width:
                return Fault(
                    f"a row has {len(cells)} cells, expected {width}",
                    f"{table.file}, line {self.line + begins}",
                    'put cells that hold the separator in quotes ("...")',
                )
            begins = reader.line_num
        reason = shown(str(error).splitlines()[0], 200)
        return Fault(
            f"not a table: {reason}",
            f"{table.file}, line {self.line}",
            fix="is every row as wide as the header?",
        )


def without_blank_lines(block: bytes) -> bytes:
    r"""Leave out lines with no cell; those inside quotes are text.

    >>> without_blank_lines(b'1,"a\n\nb"\n\n2,c\n')
    b'1,"a\n\nb"\n2,c\n'
    """
    if not BLANK.search(block):
        return block
    if has_short_lines(block):
        return b"".join(_lines_with_cells(block))
    parts, end, quotes = [], 0, 0
    for blank in BLANK.finditer(block):
        part = block[end : blank.start()]
        quotes += part.count(b'"')
        parts.append(part if quotes % 2 == 0 else block[end : blank.end()])
        end = blank.end()
    return b"".join([*parts, block[end:]])


def _lines_with_cells(block: bytes) -> Iterator[bytes]:
    """Yield the lines that `without_blank_lines` leaves; quick where millions are blank."""
    n_quotes = 0
    for part in parts_of(block):
        begin, end, is_blank = line_bounds(part)
        quotes = np.append(n_quotes, np.frombuffer(part, dtype=np.uint8) == ord('"')).cumsum()
        n_quotes = int(quotes[-1])
        for line in np.flatnonzero(~is_blank | (quotes[begin] % 2 == 1)).tolist():
            yield part[begin[line] : end[line] + 1]


def whole_rows(block: bytes) -> tuple[bytes, bytes]:
    r"""Cut a block behind the last line end that is not inside quotes.

    >>> whole_rows(b'1,"a\nb"\n2,"c\n')
    (b'1,"a\nb"\n', b'2,"c\n')
    """
    if not count_byte(block, b'"') % 2:
        return block, b""
    data = np.frombuffer(block, dtype=np.uint8)
    quotes, ends = np.flatnonzero(data == ord('"')), np.flatnonzero(data == ord("\n"))
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    end = int(outside[-1]) + 1 if len(outside) else 0
    return block[:end], block[end:]

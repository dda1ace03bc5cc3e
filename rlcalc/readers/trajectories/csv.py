"""CSV and TSV: blocks of whole lines through Polars.

Every cell is text first, so that one that is not what it should be is found with its row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from rlcalc.errors import Fault, InputError, listed, shown
from rlcalc.readers.partitions import Partition, with_partition
from rlcalc.readers.sources import File, line_blocks
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.step_table import Rows, Table
from rlcalc.trajectories import Trajectories

LONGEST_HEADER = 1 << 20
LONGEST_CELL = 1 << 26
BLANK = re.compile(rb"(?m)^[ \t]*\r?\n")


def read(file: File, context: ReaderContext) -> Iterator[Trajectories]:
    """Yield the trajectories of a table, block by block.

    Raises:
        InputError: the table or a cell is not as it should be.
    """
    lines = Lines(file, context)
    for _, block in line_blocks(file):
        yield from lines.take(block)
    lines.finish()


class Lines:
    """The rows of one file: its header, and where the block that is being read begins."""

    def __init__(self, file: File, context: ReaderContext) -> None:
        self.file, self.context = file, context
        self.separator = "\t" if file.kind == "tsv" else ","
        self.header = b""
        self.table: Table | None = None
        self.names: list[str] = []
        self.partition: Partition = {}
        self.open = b""  # the bytes behind the last whole row, inside quotes
        self.line = 1  # the number of the first line of the block
        self.block, self.before = b"", 0  # the block, and how many rows came before it

    def take(self, block: bytes) -> Iterator[Trajectories]:
        """Yield the trajectories that are whole with the rows of a block."""
        if self.table is None:
            block = self._begin(block)
        if self.table is None:
            return
        data, self.open = whole_rows(self.open + block)
        if len(self.open) > LONGEST_CELL:
            self._never_closed()
        if data.strip():
            self.block, self.before = data, self.table.n_rows
            yield from self.context.assembler.push(self._rows(data, self.table))
        self.line += data.count(b"\n")

    def finish(self) -> None:
        """Report the faults of the file as a whole."""
        if self.open.strip():
            self._never_closed()
        if self.table is None or not self.table.n_rows:
            self.context.experience.fault(
                Fault("the table has a header and no rows", self.file.at())
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

    def _begin(self, block: bytes) -> bytes:
        """Read the header; return what stands behind it."""
        while block[:1] in (b"\n", b"\r"):
            self.line += block[:1] == b"\n"
            block = block[1:]
        end = block.find(b"\n") + 1 or len(block)
        where = self.file.at(f"line {self.line}")
        if end > LONGEST_HEADER:
            raise InputError("the header is longer than 1 MB", where, "is this a table?")
        if b"\r" in block[:end].rstrip(b"\r\n"):
            raise InputError(
                "lines end with a carriage return alone", where, "end them with line feeds"
            )
        self.header = block[:end].rstrip(b"\r\n") + b"\n"
        self.line += 1
        try:
            names = next(csv.reader([self.header.decode("utf-8")], delimiter=self.separator))
        except UnicodeDecodeError as error:
            raise InputError("the header is not UTF-8", where, "save it as UTF-8") from error
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"the columns {listed(twice)} come twice", where, "rename one")
        self.names = names
        partition = self.context.partition(self.file).items()
        self.partition = {name: str(value) for name, value in partition if value is not None}
        columns = dict.fromkeys([*names, *self.partition], pl.String())
        self.table = self.context.table(self.file.at(), columns, self._place, typed=False)
        return block[end:]

    def _rows(self, data: bytes, table: Table) -> Rows:
        if b'"' not in data and BLANK.search(data):
            data = BLANK.sub(b"", data)
        try:
            source = self._frame(data, table)
        except pl.exceptions.PolarsError as error:
            self.context.experience.fault(self._ragged(error, table))
            source = self._frame(data, table, truncate_ragged_lines=True, encoding="utf8-lossy")
        return table.rows(source.lazy().select(table.expressions()).collect(), lambda: source)

    def _frame(self, data: bytes, table: Table, **request: bool | str) -> pl.DataFrame:
        frame = pl.read_csv(
            io.BytesIO(self.header + data),
            infer_schema=False,
            separator=self.separator,
            columns=[name for name in table.sources if name in self.names],
            **request,  # type: ignore[arg-type]
        )
        return with_partition(frame, self.partition, self.names)

    def _place(self, row: int) -> str:
        """Say where a row of the present block stands."""
        reader = csv.reader(
            io.StringIO(self.block.decode(errors="replace"), newline=""), delimiter=self.separator
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
        width, begins = len(self.names), 0
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.separator)
        for cells in reader:
            if len(cells) > width:
                return Fault(
                    f"a row has {len(cells)} cells, expected {width}",
                    f"{table.file}, line {self.line + begins}",
                    'put cells that hold the separator in quotes ("...")',
                )
            begins = reader.line_num
        reason = shown(str(error).splitlines()[0], 200)
        return Fault(f"not a table: {reason}", f"{table.file}, line {self.line}")


def whole_rows(block: bytes) -> tuple[bytes, bytes]:
    r"""Cut a block behind the last line end that is not inside quotes.

    >>> whole_rows(b'1,"a\nb"\n2,"c\n')
    (b'1,"a\nb"\n', b'2,"c\n')
    """
    if not block.count(b'"') % 2:
        return block, b""
    data = np.frombuffer(block, dtype=np.uint8)
    quotes, ends = np.flatnonzero(data == ord('"')), np.flatnonzero(data == ord("\n"))
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    end = int(outside[-1]) + 1 if len(outside) else 0
    return block[:end], block[end:]

"""CSV and TSV: blocks of whole lines through Polars.

Every cell is text first, so that one that is not what it should be is found with its row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import polars as pl

from rlcalc.errors import Fault, InputError, listed, shown
from rlcalc.readers.reading import Reading
from rlcalc.readers.sources import File, line_blocks
from rlcalc.readers.tables import Rows, Table
from rlcalc.trajectories import Experience, Trajectories
from rlcalc.vocabulary import Kind

LONGEST_HEADER = 1 << 20


def read(file: File, reading: Reading) -> Iterator[Trajectories]:
    """Yield the trajectories of a table, block by block.

    Raises:
        InputError: the table or a cell is not as it should be.
    """
    separator = "\t" if file.kind is Kind.tsv else ","
    table: Table | None = None
    header = b""
    quote = b""  # what was read behind the last row, inside a quoted cell
    for number, block in line_blocks(file):
        if table is None:
            header, block = _header(block, file)
            names = _names(header, separator, file)
            table = reading.table(
                file.at(),
                dict.fromkeys(names, pl.String()),
                lambda row: f"row {row + 1} (line {row + 2})",
                typed=False,
            )
        data, quote = _whole_rows(quote + block)
        if data.strip():
            yield from reading.assembler.push(
                _rows(data, header, separator, table, number, reading.experience)
            )
    if quote.strip():
        reading.experience.fault(
            Fault("a quoted cell is never closed", file.at(), 'it begins with a "')
        )
    if table is None or not table.n_rows:
        reading.experience.fault(Fault("the table has a header and no rows", file.at()))


def _header(block: bytes, file: File) -> tuple[bytes, bytes]:
    while block[:1] in (b"\n", b"\r"):
        block = block[1:]
    end = block.find(b"\n") + 1 or len(block)
    if end > LONGEST_HEADER:
        raise InputError("the header is longer than 1 MB", file.at("line 1"), "is this a table?")
    return block[:end].rstrip(b"\r\n") + b"\n", block[end:]


def _names(header: bytes, separator: str, file: File) -> list[str]:
    try:
        names = next(csv.reader([header.decode("utf-8")], delimiter=separator))
    except UnicodeDecodeError as error:
        raise InputError(
            "the header is not UTF-8", file.at("line 1"), "save it as UTF-8"
        ) from error
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"columns {listed(twice)} stand twice", file.at("line 1"), "rename one")
    return names


def _whole_rows(block: bytes) -> tuple[bytes, bytes]:
    """Cut a block where a line ends that is not inside quotes."""
    end = len(block)
    while end and block.count(b'"', 0, end) % 2:
        end = block.rfind(b"\n", 0, end - 1) + 1
    return block[:end], block[end:]


def _rows(
    data: bytes, header: bytes, separator: str, table: Table, line: int, experience: Experience
) -> Rows:
    try:
        source = pl.read_csv(
            io.BytesIO(header + data),
            infer_schema=False,
            separator=separator,
            columns=table.sources,
        )
    except pl.exceptions.PolarsError as error:
        experience.fault(_ragged(data, header, separator, table, line, error))
        source = pl.DataFrame(schema=dict.fromkeys(table.sources, pl.String))
    return table.rows(source.lazy().select(table.expressions()).collect(), lambda: source)


def _ragged(
    data: bytes, header: bytes, separator: str, table: Table, line: int, error: Exception
) -> Fault:
    width = len(header.decode().split(separator))
    try:
        text = data.decode()
    except UnicodeDecodeError as undecodable:
        at = line + data.count(b"\n", 0, undecodable.start) + (table.n_rows == 0)
        return Fault("a cell is not UTF-8", f"{table.file}, line {at}", "save it as UTF-8")
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    for cells in reader:
        if len(cells) > width:
            at = line + reader.line_num - (table.n_rows > 0)
            return Fault(
                f"a row has {len(cells)} cells, expected {width}",
                f"{table.file}, line {at}",
                'put cells that hold the separator in quotes ("...")',
            )
    return Fault(f"not a table: {shown(str(error).splitlines()[0])}", f"{table.file}, line {line}")

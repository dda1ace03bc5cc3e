"""JSON → columns of tokens: lines that Polars reads, and records of trainers one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.readers import json as json_reader
from rlcalc.readers.rollouts import dumps
from rlcalc.readers.sources import File, decoded, line_blocks, text_of
from rlcalc.readers.tokens.assemble import Columns, assemble
from rlcalc.readers.tokens.detect import require_log_probabilities
from rlcalc.readers.tokens.names import TokenRequest
from rlcalc.tokens import LOG_PROBABILITIES, Tokens

if TYPE_CHECKING:
    import polars as pl

FIRST_LINES = 100
"""Lines in which the columns of a file are looked for."""


def read_lines(file: File, request: TokenRequest) -> Iterator[Tokens]:
    """Yield the tokens of lines of JSON, block by block.

    Raises:
        InputError: a line is not as it should be.
    """
    blocks = line_blocks(file)
    first = next(blocks)
    heads = [line for line in first[1].split(b"\n", FIRST_LINES)[:FIRST_LINES] if line.strip()]
    records = [
        json_reader.value_of(decoded(line, number, file), file.at(), number)
        for number, line in enumerate(heads[: max(1, len(heads) - 1)], 1)
    ]
    for record in records:
        _require_mapping(record, file.at("line 1"))
    names = {key: value for record in reversed(records) for key, value in record.items()}
    module = _module(names, file.at(), request)
    kinds = None if module or request.where else _kinds(names, file.at(), request)
    pending: Tokens | None = None
    for number, text, last in _blocks(first, blocks):
        columns: Columns | None = None
        notes: tuple[str, ...] = ()
        if kinds is not None and not _has_other_keys(text, names):
            columns = _fast(text, kinds, names, file.at(), request)
        if columns is None:
            rows, notes = _records(number, text, file, last=last)
            numbers = [n - 1 for n, _ in rows]
            lines = [record for _, record in rows]
            columns = columns_of_records(lines, numbers, module, file.at(), request)
        else:
            columns.row = np.arange(columns.n) + number - 1
        if columns.n:
            if pending is not None:
                yield pending
            pending = replace(assemble(columns, request, file.at()), notes=notes)
        elif pending is not None:  # nothing but a torn line
            pending = replace(pending, notes=(*pending.notes, *notes))
    if pending is not None:
        yield pending


def _blocks(
    first: tuple[int, bytes], blocks: Iterator[tuple[int, bytes]]
) -> Iterator[tuple[int, bytes, bool]]:
    """Yield blocks of lines, and whether each is the last."""
    before = first
    for block in blocks:
        yield (*before, False)
        before = block
    yield (*before, True)


KEY = re.compile(rb'[{,]\s*"((?:[^"\\]|\\.)*)"\s*:')


def _has_other_keys(text: bytes, names: Mapping[str, Any]) -> bool:
    """Whether lines may have columns that the first lines do not have.

    As many keys as lines times columns are the usual ones; only where there are others, or colons
    inside of texts, all keys are looked at.
    """
    n_lines = text.count(b"\n") + (not text.endswith(b"\n"))
    if text.count(b'":') == n_lines * len(names):
        return False
    return not {key.decode(errors="replace") for key in set(KEY.findall(text))} <= names.keys()


def _records(
    number: int, text: bytes, file: File, *, last: bool
) -> tuple[list[tuple[int, Mapping[str, Any]]], tuple[str, ...]]:
    """Return the lines of a block with their numbers, and a note about a torn last one."""
    rows: list[tuple[int, Mapping[str, Any]]] = []
    lines = text.rstrip().split(b"\n")
    with json_reader.no_collection():
        for n, line in enumerate(lines, number):
            if not line.strip():
                continue
            try:
                record = json_reader.value_of(decoded(line, n, file), file.at(), n)
            except InputError as error:
                torn = last and n == number + len(lines) - 1 and not text.endswith(b"\n")
                if not torn or n == 1 or isinstance(error.__cause__, json_reader.KeyTwiceError):
                    raise
                return rows, (f"{file.at(f'line {n}')}: the last line is torn, and left out",)
            _require_mapping(record, file.at(f"line {n}"))
            rows.append((n, record))
    return rows, ()


def _require_mapping(record: Any, where: str) -> None:
    if not isinstance(record, dict):
        raise InputError(
            f"this is not a mapping: {shown(record, 40)}",
            where,
            'write one rollout a line: {"log_probs": [-0.5], "advantages": [1.0]}',
        )


def _module(names: Mapping[str, Any], where: str, request: TokenRequest) -> ModuleType | None:
    """Return the trainer's module that knows where the tokens of its records are."""
    known = [request.form] if request.form else list(dumps.FORMATS)
    for name in known:
        module = dumps.named(name).module
        if hasattr(module, "tokens") and (request.form or module.fits(names)):
            return module
    require_log_probabilities(names, names, where, request)
    return None


def _kinds(
    names: Mapping[str, Any], where: str, request: TokenRequest
) -> dict[str, pl.DataType] | None:
    """Return the types in which Polars reads the columns; None: it cannot."""
    import polars as pl

    kinds: dict[str, pl.DataType] = {}
    for column in request.chosen(names, where).values():
        value = names[column]
        inner = value
        if isinstance(value, list):
            inner = next((one for one in value if one is not None), 0.0)
        if isinstance(inner, bool):
            kind: pl.DataType = pl.Boolean()
        elif isinstance(inner, int | float):
            kind = (
                pl.Float64() if isinstance(value, list) or isinstance(inner, float) else pl.Int64()
            )
        elif isinstance(inner, str) and not isinstance(value, list):
            kind = pl.String()
        else:
            return None
        kinds[column] = pl.List(kind) if isinstance(value, list) else kind
    return kinds


def _fast(
    text: bytes,
    kinds: Mapping[str, pl.DataType],
    names: Mapping[str, Any],
    where: str,
    request: TokenRequest,
) -> Columns | None:
    """Return the columns of lines; None: they are read one by one."""
    import polars as pl

    from rlcalc.readers.tokens.frames import columns_of_frame

    if text.lstrip() != text or b"\n\n" in text:  # blank lines, which would move the numbers
        return None
    try:
        frame = pl.read_ndjson(text, schema=dict(kinds))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if len(frame) != text.count(b"\n") + (not text.endswith(b"\n")):
        return None  # a torn line
    return columns_of_frame(frame, request.chosen(names, where), where)


def read_document(file: File, request: TokenRequest) -> Iterator[Tokens]:
    """Yield the tokens of a JSON document: a record, or a list of them.

    Raises:
        InputError: a record is not as it should be.
    """
    value = json_reader.value_of(text_of(file), file.at())
    records = value if isinstance(value, list) else [value]
    for record in records:
        _require_mapping(record, file.at())
    names = {key: one for record in reversed(records) for key, one in record.items()}
    module = _module(names, file.at(), request)
    rows = range(len(records))
    columns = columns_of_records(records, list(rows), module, file.at(), request)
    if columns.n:
        yield assemble(columns, request, file.at())


def columns_of_records(
    records: Sequence[Mapping[str, Any]],
    rows: Sequence[int],
    module: ModuleType | None,
    where: str,
    request: TokenRequest,
) -> Columns:
    """Return the columns of records, which hold a rollout each, or several.

    Args:
        records: as they were read.
        rows: the row of each in the source, from 0.
        module: of the trainer whose records they are.
        where: the file, for messages.
        request: the names of columns.

    Raises:
        InputError: a record is not of its format, or a list holds something else than numbers.
    """
    from rlcalc.readers.row_filter import RecordFilters

    filters = RecordFilters(request.where)
    flat: list[Mapping[str, Any]] = []
    of_row: list[int] = []
    for record, row in zip(records, rows, strict=True):
        if not filters.keeps(record):
            continue
        place = f"{where}, row {row + 1}"
        try:
            parts = list(module.tokens(record)) if module else _plain(record, place, request)
        except InputError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            raise InputError(
                f"this is not a record of its format: {shown(error)}",
                place,
                "leave it out, or name another format with --from",
            ) from error
        flat += parts
        of_row += [row] * len(parts)
    try:
        return Columns.of_records(flat, of_row)
    except (TypeError, ValueError) as error:
        for record, row in zip(flat, of_row, strict=True):
            for name, value in record.items():
                _require_numbers(name, value, f"{where}, row {row + 1}")
        raise InputError(
            f"a list is not of numbers: {shown(error)}", where, "correct it"
        ) from error


def _require_numbers(name: str, value: Any, where: str) -> None:
    if isinstance(value, list) and name != "token":
        for place, one in enumerate(value):
            if one is not None and not isinstance(one, int | float):
                raise InputError(
                    f"{name} is {shown(one, 40)}, expected a number",
                    f"{where}, token {place}",
                    "give one number for each token",
                )


def _plain(
    record: Mapping[str, Any], where: str, request: TokenRequest
) -> Sequence[Mapping[str, Any]]:
    """Return the rollouts of a record by field: one, or several in lists of lists."""
    chosen = request.chosen(record, where)
    fields = {name: record[column] for name, column in chosen.items()}
    lists = [value for name, value in fields.items() if name in LOG_PROBABILITIES]
    nested = [value for value in lists if isinstance(value, list) and value]
    if not nested or not isinstance(nested[0][0], list):
        return [fields]
    n = len(nested[0])
    for name, value in fields.items():
        if isinstance(value, list) and len(value) != n:
            raise InputError(
                f"there are {n} log-probability lists and {len(value)} {name}",
                where,
                "give one for each rollout",
            )
    return [
        {name: value[i] if isinstance(value, list) else value for name, value in fields.items()}
        for i in range(n)
    ]

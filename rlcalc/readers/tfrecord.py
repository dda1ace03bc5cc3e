"""Episodes of RLDS in TFRecord files, as tensorflow_datasets 4.9 writes them.

A record is an episode: a `tf.train.Example` whose features `steps/NAME` have the values of all
steps one after the other. Numbers are read, and text; images, and lists whose lengths differ, are
left out. Each step is a row, and nested names have dots: `observation/state` is
`observation.state`. The checksum of each length is tried, not that of the data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.io.plugins import register_io_source

from rlcalc.errors import InputError
from rlcalc.readers.sources import File, copied

ROWS = 1 << 15
"""Steps of a frame, at least."""

LONGEST_RECORD = 1 << 30
STEPS = "steps/"
FLAGS = ("is_first", "is_last", "is_terminal")

DAMAGED = "if it was cut off or damaged, download or write it anew"

Values = NDArray[Any] | list[bytes]


def scan(file: File) -> pl.LazyFrame:
    """Return the steps of a file as a frame that is not read yet.

    Raises:
        InputError: the file is cut off or damaged, or holds no episodes.
    """
    source, where = copied(file), file.at()
    first = next(_episodes(source, where), None)
    if first is None:
        raise InputError("there are no records", where, DAMAGED)
    schema = first.schema

    def frames(
        columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        for frame in _joined(_episodes(source, where, schema)):
            part = frame.select(columns or pl.all())
            part = part if left is None else part.head(left)
            left = None if left is None else left - len(part)
            yield part if predicate is None else part.filter(predicate)
            if left == 0:
                return

    return register_io_source(frames, schema=schema, is_pure=True)


def _joined(episodes: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    parts: list[pl.DataFrame] = []
    for episode in episodes:
        parts.append(episode)
        if sum(map(len, parts)) >= ROWS:
            yield pl.concat(parts)
            parts = []
    if parts:
        yield pl.concat(parts)


def _episodes(
    source: Any, where: str, schema: Mapping[str, pl.DataType] | None = None
) -> Iterator[pl.DataFrame]:
    """Yield the steps of each record, in the types of the schema if there is one."""
    for number, record in enumerate(_records(source, where), start=1):
        place = f"{where}, record {number}"
        try:
            features = _features(record)
        except (IndexError, ValueError, struct.error) as error:
            raise InputError("this is not a tf.train.Example", place, DAMAGED) from error
        steps = {
            name.removeprefix(STEPS).replace("/", "."): values
            for name, values in features.items()
            if name.startswith(STEPS) and "ragged" not in name
        }
        if not steps.keys() & {*FLAGS}:
            raise InputError(
                "this record is not an episode of RLDS: it has no features steps/is_first, "
                "steps/is_last or steps/is_terminal",
                place,
                "give RLDS, or write the steps as Parquet or JSONL",
            )
        yield _frame(steps, place, schema)


def _frame(
    steps: Mapping[str, Values], place: str, schema: Mapping[str, pl.DataType] | None
) -> pl.DataFrame:
    n = next(len(steps[flag]) for flag in FLAGS if flag in steps)
    columns: dict[str, pl.Series] = {}
    for name, values in steps.items() if schema is None else _of_schema(steps, schema):
        each = len(values) // n if n else 0
        if isinstance(values, list):
            text = _text(values) if each == 1 and len(values) == n else None
            if text is not None:
                columns[name] = text
        elif each and len(values) == each * n:
            flat = pl.Series(values)
            columns[name] = flat if each == 1 else flat.reshape((n, each)).arr.to_list()
    frame = pl.DataFrame(columns)
    if schema is not None and dict(frame.schema) != dict(schema):
        lost = next(name for name in schema if frame.schema.get(name) != schema[name])
        what = f"steps/{lost} is not as it is in the first record"
        raise InputError(what, place, "give the records of one dataset")
    return frame


def _of_schema(
    steps: Mapping[str, Values], schema: Mapping[str, pl.DataType]
) -> Iterator[tuple[str, Values]]:
    return ((name, steps[name]) for name in schema if name in steps)


def _text(values: list[bytes]) -> pl.Series | None:
    """Return bytes as text; None: they are none, as an image."""
    try:
        return pl.Series([value.decode() for value in values], dtype=pl.String)
    except UnicodeDecodeError:
        return None


def _records(source: Any, where: str) -> Iterator[bytes]:
    """Yield the records: each has its length, a checksum of that, its bytes, and theirs."""
    stream = open(source, "rb") if isinstance(source, str) else source  # noqa: SIM115
    try:
        stream.seek(0)
        number = 1
        while head := stream.read(12):
            place = f"{where}, record {number}"
            if len(head) < 12:
                raise InputError("the file is cut off", place, DAMAGED)
            length, checksum = struct.unpack("<QI", head)
            if _masked_crc32c(head[:8]) != checksum or length > LONGEST_RECORD:
                raise InputError("this is not a TFRecord file, or damaged", place, DAMAGED)
            record = stream.read(length + 4)
            if len(record) < length + 4:
                raise InputError("the file is cut off", place, DAMAGED)
            yield record[:-4]
            number += 1
    finally:
        if isinstance(source, str):
            stream.close()


@cache
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


def _masked_crc32c(data: bytes) -> int:
    crc, table = 0xFFFFFFFF, _crc_table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _features(record: bytes) -> dict[str, Values]:
    """Return the features of an Example by their names.

    Raises:
        IndexError: the bytes end within it.
        ValueError: it is something else.
    """
    features: dict[str, Values] = {}
    for _, features_of in _fields(record):
        for _, entry in _fields(features_of):
            pair = dict(_fields(entry))
            kinds = list(_fields(pair.get(2, b"")))
            if len(kinds) == 1:  # none: a feature without values
                features[pair[1].decode()] = _values(*kinds[0])
    return features


def _values(kind: int, data: bytes) -> Values:
    lists = [value for _, value in _fields(data)]
    if kind == BYTES:
        return lists
    packed = b"".join(lists)
    return np.frombuffer(packed, "<f4") if kind == FLOATS else _varints(packed)


BYTES, FLOATS, INTS = 1, 2, 3


def _varints(packed: bytes) -> NDArray[np.int64]:
    """Return whole numbers, which have 7 bits a byte, the lowest first."""
    data = np.frombuffer(packed, np.uint8)
    begins = np.flatnonzero(np.append(True, data[:-1] < 0x80)[: len(data)])
    if not len(begins):
        return np.empty(0, np.int64)
    place = np.arange(len(data)) - np.repeat(begins, np.diff(np.append(begins, len(data))))
    bits = (data & np.uint8(0x7F)).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.bitwise_or.reduceat(bits, begins).view(np.int64)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the fields of a message of protocol buffers that have a length, with their numbers."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        if key & 7 != 2:
            raise ValueError("a field of another kind")
        length, place = _varint(message, place)
        if place + length > len(message):
            raise IndexError("the message is cut off")
        yield key >> 3, message[place : place + length]
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place

"""Episodes of RLDS in TFRecord files, as tensorflow_datasets 4.9 writes them.

A record is an episode: a `tf.train.Example` whose features `steps/NAME` have the values of all
steps one after the other. Numbers are read, and text; images, and lists whose lengths differ, are
left out. Each step is a row, and nested names have dots: `observation/state` is
`observation.state`. The checksum of each length is tried, not that of the data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcalc.errors import InputError
from rlcalc.readers.frame_source import lazy_frame
from rlcalc.readers.sources import File, copied

ROWS = 1 << 15
"""Steps of a frame, at least."""

LONGEST_RECORD = 1 << 30
STEPS = "steps/"
FLAGS = ("is_first", "is_last", "is_terminal")

DAMAGED = "if it was cut off or damaged, download or write it anew"

BYTES, FLOATS, INTS = 1, 2, 3
CONTINUED = bytes(range(0x80, 0x100))
"""Bytes of whole numbers behind which more of the same number follow."""


@dataclass(frozen=True)
class Values:
    """The values of a feature, as they stand in a record."""

    kind: int
    parts: list[bytes]  # of BYTES one a value, else packed

    def __len__(self) -> int:
        if self.kind == BYTES:
            return len(self.parts)
        n_bytes = sum(map(len, self.parts))
        if self.kind == FLOATS:
            return n_bytes // 4
        return sum(len(part.translate(None, CONTINUED)) for part in self.parts)


@dataclass(frozen=True)
class Episode:
    """The features of the steps of a record."""

    n: int
    steps: Mapping[str, Values]
    place: str

    def per_step(self, name: str) -> int:
        """Return how many values of a feature a step has; 0: not the same number each."""
        values = self.steps.get(name)
        each = len(values) // self.n if values is not None and self.n else 0
        return each if values is not None and len(values) == each * self.n else 0


def scan(file: File) -> pl.LazyFrame:
    """Return the steps of a file as a frame that is not read yet.

    Raises:
        InputError: the file is cut off or damaged, or holds no episodes.
    """
    source, where = copied(file), file.at()
    first = next(_episodes(source, where), None)
    if first is None:
        raise InputError("there are no records", where, DAMAGED)
    known = {name: (values.kind, first.per_step(name)) for name, values in first.steps.items()}
    known = {
        name: (kind, each)
        for name, (kind, each) in known.items()
        if each and (kind != BYTES or (each == 1 and _text(first.steps[name].parts) is not None))
    }
    schema = pl.Schema({name: _type(kind, each) for name, (kind, each) in known.items()})

    def frames(names: list[str]) -> Iterator[pl.DataFrame]:
        read = {name: known[name] for name in names}
        return (_frame(batch, read) for batch in _batches(_episodes(source, where)))

    return lazy_frame(schema, frames)


def _type(kind: int, each: int) -> pl.DataType:
    one: pl.DataType = {BYTES: pl.String(), FLOATS: pl.Float32(), INTS: pl.Int64()}[kind]
    return one if each == 1 else pl.List(one)


def _batches(episodes: Iterator[Episode]) -> Iterator[list[Episode]]:
    batch: list[Episode] = []
    n = 0
    for episode in episodes:
        batch.append(episode)
        n += episode.n
        if n >= ROWS:
            yield batch
            batch, n = [], 0
    if batch:
        yield batch


def _episodes(source: Any, where: str) -> Iterator[Episode]:
    """Yield the episodes of a file.

    Raises:
        InputError: the file is cut off or damaged, or holds no episodes.
    """
    for number, record in enumerate(_records(source, where), start=1):
        place = f"{where}, record {number}"
        try:
            features = _features(record)
        except (IndexError, ValueError, KeyError) as error:
            raise InputError("this is not a tf.train.Example", place, DAMAGED) from error
        steps = {
            name.removeprefix(STEPS).replace("/", "."): values
            for name, values in features.items()
            if name.startswith(STEPS) and "ragged" not in name
        }
        flag = next((flag for flag in FLAGS if flag in steps), None)
        if flag is None:
            raise InputError(
                "this record is not an episode of RLDS: it has no features steps/is_first, "
                "steps/is_last or steps/is_terminal",
                place,
                "give RLDS, or write the steps as Parquet or JSONL",
            )
        yield Episode(len(steps[flag]), steps, place)


def _frame(batch: list[Episode], read: Mapping[str, tuple[int, int]]) -> pl.DataFrame:
    """Return some features of episodes, a step a row."""
    columns: dict[str, pl.Series] = {}
    for name, (kind, each) in read.items():
        parts: list[bytes] = []
        for episode in batch:
            values = episode.steps.get(name)
            if values is None or values.kind != kind or episode.per_step(name) != each:
                what = f"steps/{name} is not as it is in the first record"
                raise InputError(what, episode.place, "give the records of one dataset")
            parts += values.parts
        columns[name] = _column(kind, each, parts, batch)
    return pl.DataFrame(columns)


def _column(kind: int, each: int, parts: list[bytes], batch: list[Episode]) -> pl.Series:
    if kind == BYTES:
        text = _text(parts)
        if text is None:
            what = "a text is not UTF-8"
            raise InputError(what, f"{batch[0].place} and after", "leave out this feature")
        return text
    packed = b"".join(parts)
    flat = pl.Series(np.frombuffer(packed, "<f4") if kind == FLOATS else _varints(packed))
    return flat if each == 1 else flat.reshape((-1, each)).arr.to_list()


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
    """Return a list of values; each number of a list of them has a part of its own, or they share.

    Raises:
        ValueError: they are of no kind that is known, or end within a number.
    """
    parts = [part for _, part in _fields(data)]
    if kind not in (BYTES, FLOATS, INTS):
        raise ValueError("a kind that is not known")
    if kind == FLOATS and any(len(part) % 4 for part in parts):
        raise ValueError("a number is cut off")
    if kind == INTS and any(part and part[-1] >= 0x80 for part in parts):
        raise ValueError("a number is cut off")
    return Values(kind, parts)


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

"""The names of columns in an Arrow file, read from its first message: Polars panics at some."""

from __future__ import annotations

import struct

FIELDS, NAME, SCHEMA = 1, 0, 2
"""Slots of tables of Arrow's format: the fields of a schema, a name, the schema of a message."""


def names_of_columns(head: bytes) -> list[str]:
    """Return the names of the columns; none where the bytes do not hold the whole schema.

    Args:
        head: the beginning of a file, or of a stream.

    Source: Arrow columnar format, "Encapsulated message format"; FlatBuffers, "Internals".
    """
    message = head[8:] if head.startswith(b"ARROW1") else head
    message = message[8:] if message.startswith(b"\xff\xff\xff\xff") else message  # Polars
    try:
        schema = _part(message, _pointed(message, 0), SCHEMA)
        fields = _part(message, schema, FIELDS)
        (n,) = struct.unpack_from("<I", message, fields)
        places = [_pointed(message, fields + 4 * number) for number in range(1, n + 1)]
        return [_text(message, _part(message, place, NAME)) for place in places]
    except (struct.error, UnicodeDecodeError):
        return []


def _pointed(data: bytes, place: int) -> int:
    return place + int(struct.unpack_from("<I", data, place)[0])


def _part(data: bytes, table: int, slot: int) -> int:
    """Return where the part in a slot of a table stands, which is not inside the table."""
    slots = table - struct.unpack_from("<i", data, table)[0]
    return _pointed(data, table + struct.unpack_from("<H", data, slots + 4 + 2 * slot)[0])


def _text(data: bytes, place: int) -> str:
    (length,) = struct.unpack_from("<I", data, place)
    return data[place + 4 : place + 4 + length].decode()

"""Compression: gzip, zstd, xz and bzip2, found by the first bytes and unpacked while they are read.

What a source may become is for `rlcalc.readers.size_limit`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Protocol

from rlcalc.errors import InputError, shown
from rlcalc.readers.size_limit import RATIO, RATIO_OF_DENSE, Readable

COMPRESSED = (".gz", ".zst", ".xz", ".bz2")
"""The suffixes of files that are unpacked."""

LONGEST_MAGIC = 6
"""Bytes from which the compression is found."""

MEMORY = 1 << 30
"""Bytes that xz may take to unpack; `xz -9` takes 65 MB."""

PACKED = 1 << 16
"""Bytes that are unpacked at a time."""


@dataclass(frozen=True)
class Unpacker:
    """How a source is unpacked.

    Attributes:
        stream: of what was compressed.
        damage: what it raises over damaged bytes, beside what gzip raises.
        ratio: how many times its own bytes a large source may become.
    """

    stream: Readable
    damage: tuple[type[Exception], ...] = ()
    ratio: int = RATIO


def unpacker_of(head: bytes, stream: IO[bytes], where: str) -> Unpacker | None:
    """Return how a source is unpacked; None: it is not compressed.

    Args:
        head: its first bytes.
        stream: all of it.
        where: names it.
    """
    if head[:2] == b"\x1f\x8b":
        import gzip

        return Unpacker(gzip.GzipFile(fileobj=stream))
    if head[:4] == b"\x28\xb5\x2f\xfd":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        return Unpacker(zstd.ZstdFile(stream), (zstd.ZstdError,), RATIO_OF_DENSE)
    if head[:6] == b"\xfd7zXZ\x00":
        return Unpacker(_buffered(stream, _xz, where), ratio=RATIO_OF_DENSE)
    if head[:3] == b"BZh":
        import bz2

        return Unpacker(_buffered(stream, bz2.BZ2Decompressor, where), ratio=RATIO_OF_DENSE)
    return None


class Decompressor(Protocol):
    """Unpacks one stream, as those of `bz2` and `lzma` do."""

    @property
    def eof(self) -> bool:
        """Whether the stream is over."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes of the bytes so far."""

    @property
    def unused_data(self) -> bytes:
        """The bytes behind the end of the stream."""

    def decompress(self, data: bytes, max_length: int = ...) -> bytes:
        """Return up to so many bytes."""


def _xz() -> Decompressor:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY)


def _buffered(packed: IO[bytes], new: Callable[[], Decompressor], where: str) -> Readable:
    return io.BufferedReader(Streams(packed, new, where), PACKED)


class Streams(io.RawIOBase):
    """One compressed stream after the other, as `cat a.xz b.xz` and parallel programs make them."""

    def __init__(self, packed: IO[bytes], new: Callable[[], Decompressor], where: str) -> None:
        """Wrap bytes.

        Args:
            packed: the compressed bytes.
            new: makes what unpacks a stream.
            where: names the source.
        """
        self.packed, self.new, self.where = packed, new, where
        self.present = new()

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as the next bytes go; return their number, 0 at the end.

        Raises:
            EOFError: the bytes are cut off or damaged.
            InputError: unpacking them takes too much memory.
        """
        while True:
            data = b""
            if self.present.eof:
                data = self._next_stream()
                if not data:
                    return 0
                self.present = self.new()
            elif self.present.needs_input:
                data = self.packed.read(PACKED)
                if not data:
                    raise EOFError("it ended before its end-of-stream marker")
            unpacked = self._unpacked(data, len(buffer))
            if unpacked or not len(buffer):
                buffer[: len(unpacked)] = unpacked
                return len(unpacked)

    def _next_stream(self) -> bytes:
        """Return the first bytes behind a stream and the zeros that may pad it."""
        data = self.present.unused_data.lstrip(b"\0")
        while not data and (packed := self.packed.read(PACKED)):
            data = packed.lstrip(b"\0")
        return data

    def _unpacked(self, data: bytes, size: int) -> bytes:
        from lzma import LZMAError

        try:
            return self.present.decompress(data, size)
        except (LZMAError, OSError, ValueError) as error:
            if "Memory" not in str(error):
                raise EOFError(str(error)) from error
            raise InputError(
                f"unpacking this source takes more than {MEMORY >> 30} GB of memory",
                shown(self.where, 200),
                "unpack it by itself: xz -dk FILE",
            ) from error

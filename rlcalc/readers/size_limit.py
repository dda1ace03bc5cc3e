"""Limits of size: how large a compressed source may become when it is unpacked.

A source of a few MB can stand for hours of work. Up to 256 MB nothing is refused; above, a source
may be so many times as large as its own bytes, or as large as --max-size says. Tables with almost
equal rows reach 700 times in gzip and 2,000 in zstd; zeros reach 1,030 and 30,000, and 800,000 in
bzip2.
"""

from __future__ import annotations

import re
from typing import Protocol

from rlcalc.errors import InputError, UsageError, shown

FREE = 1 << 28
"""Bytes that any source may become."""

RATIO = 800
"""How many times its own bytes a larger source may become."""

RATIO_OF_DENSE = 5000
"""The same of zstd, xz and bzip2."""

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
SIZE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE | re.ASCII)


def parse_size(size: str | int | None) -> int | None:
    """Return a size in bytes.

    Args:
        size: such as 500MB, 1.5 GiB or 20000000000; None stays None.

    Raises:
        UsageError: it is not a size above 0.

    >>> [parse_size(size) for size in ("20GB", "1.5 kB", "2MiB", "7", 7)]
    [20000000000, 1500, 2097152, 7, 7]
    """
    if size is None:
        return None
    match = SIZE.fullmatch(str(size)) if not isinstance(size, bool) else None
    number = 0.0
    if match:
        unit = UNITS[match[2].lower()]
        if match[3] and match[2]:
            unit = 1 << 10 * list(UNITS).index(match[2].lower())
        number = float(match[1]) * unit
    if not 1 <= number < 1e18:
        raise UsageError(
            f"--max-size {shown(size)} is not a size", fix="write a number and a unit: 500MB, 20GB"
        )
    return round(number)


def require_size(
    size: int, packed: int, where: str, max_size: int | None, ratio: int = RATIO
) -> None:
    """Refuse a source that becomes too large.

    Args:
        size: bytes that it becomes, as far as is known.
        packed: bytes that become it.
        where: names it.
        max_size: what --max-size allows; None: `FREE`, or `ratio` times its own bytes.
        ratio: see `RATIO`.

    Raises:
        InputError: it is larger.
    """
    if size <= (max(FREE, ratio * packed) if max_size is None else max_size):
        return
    if max_size is not None:
        what = f"the source unpacks to more than --max-size, {in_units(max_size)}"
        raise InputError(what, shown(where, 200), "allow more, or cut the source into parts")
    raise InputError(
        f"{in_units(packed)} of the source unpack to {in_units(size)}: over {ratio:,} times more",
        shown(where, 200),
        "if it is not damaged, say how large it may become: --max-size 20GB",
    )


def in_units(size: int) -> str:
    """Return a size as people write it.

    >>> in_units(694_000), in_units(1 << 30), in_units(7)
    ('694 kB', '1.074 GB', '7 B')
    """
    unit = next((u for u in reversed(UNITS) if size >= UNITS[u]), "")
    return f"{size / UNITS[unit]:.4g} {'k' if unit == 'k' else unit.upper()}B"


class Readable(Protocol):
    """What unpacks."""

    def read(self, size: int = ..., /) -> bytes:
        """Return up to `size` bytes."""


class Packed(Protocol):
    """A stream that counts the bytes that were read of it."""

    n_bytes: int


class Unpacked:
    """A stream that is unpacked while it is read, as far as its limit goes."""

    def __init__(
        self,
        stream: Readable,
        packed: Packed,
        where: str,
        max_size: int | None,
        damage: tuple[type[Exception], ...] = (),
        ratio: int = RATIO,
    ) -> None:
        """Wrap a stream.

        Args:
            stream: unpacks.
            packed: what it unpacks, which counts its bytes.
            where: names the source.
            max_size: as in `require_size`.
            damage: errors of the stream, which become an EOFError as they are with gzip.
            ratio: as in `require_size`.
        """
        self.stream, self.packed, self.where = stream, packed, where
        self.max_size, self.damage, self.ratio = max_size, damage, ratio
        self.n_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes.

        Raises:
            InputError: the source has become too large.
        """
        try:
            data = self.stream.read(size)
        except self.damage as error:
            raise EOFError(str(error)) from error
        self.n_bytes += len(data)
        if self.n_bytes > min(FREE, self.max_size or FREE):
            where, packed = self.where, self.packed.n_bytes
            require_size(self.n_bytes, packed, where, self.max_size, self.ratio)
        return data

"""Counts of bytes in blocks of text: by NumPy, some times quicker than `bytes.count`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PART = 1 << 18
"""Bytes that are looked at together: what is made of them stays in the cache."""


def count_byte(block: bytes, byte: bytes) -> int:
    r"""Return how often one byte comes in a block.

    >>> count_byte(b"a\nb\n", b"\n")
    2
    """
    import numpy as np

    return sum(int(np.count_nonzero(part[:PART] == ord(byte))) for part in _parts(block))


@dataclass
class JsonMarks:
    """How often the marks of JSON come in a block, inside strings too."""

    n_begun: int = 0  # lines that begin with {
    n_quotes: int = 0
    n_colons: int = 0
    n_keys: int = 0  # quotes with a colon right behind them
    n_open: int = 0  # opening brackets, { and [

    @classmethod
    def of(cls, block: bytes) -> JsonMarks:
        r"""Count the marks of a block.

        >>> JsonMarks.of(b'{"a":1,"b" :[]}\n')
        JsonMarks(n_begun=1, n_quotes=4, n_colons=2, n_keys=1, n_open=2)
        """
        import numpy as np

        marks = cls(n_begun=int(block.startswith(b"{")))
        for part in _parts(block):
            quote, colon, bracket = part == ord('"'), part == ord(":"), part == ord("{")
            end = part[: len(part) - 1] == ord("\n")
            marks.n_begun += int(np.count_nonzero(end & bracket[1:]))
            marks.n_quotes += int(np.count_nonzero(quote[:PART]))
            marks.n_colons += int(np.count_nonzero(colon[:PART]))
            marks.n_keys += int(np.count_nonzero(quote[: len(colon) - 1] & colon[1:]))
            bracket |= part == ord("[")
            marks.n_open += int(np.count_nonzero(bracket[:PART]))
        return marks


def _parts(block: bytes) -> Iterator[NDArray[np.uint8]]:
    """Yield a block in parts, each with the first byte of the next behind it."""
    import numpy as np

    data = np.frombuffer(block, dtype=np.uint8)
    for begin in range(0, len(data), PART):
        yield data[begin : begin + PART + 1]

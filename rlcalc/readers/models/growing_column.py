"""A column of numbers that grows at its end, while a table is read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class GrowingColumn:
    """A column that grows at its end, in an array with room to spare; whole numbers in 32 bits."""

    def __init__(self) -> None:
        self._array: NDArray[Any] = np.empty(0, dtype=np.int32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, part: NDArray[Any]) -> None:
        """Put a part at the end."""
        kind = part.dtype
        if kind == np.int64 and len(part) and part.min() >= -(2**31) and part.max() < 2**31:
            kind = np.dtype(np.int32)
        kind = np.result_type(kind, self._array.dtype)
        needed = self._length + len(part)
        if needed > len(self._array) or kind != self._array.dtype:
            room = np.empty(max(2 * needed, LEAST_ROOM), dtype=kind)  # not touched, it costs none
            room[: self._length] = self._array[: self._length]
            self._array = room
        self._array[self._length : needed] = part
        self._length = needed

    def whole(self) -> NDArray[Any]:
        """Return the column."""
        return self._array[: self._length]


LEAST_ROOM = 1 << 25

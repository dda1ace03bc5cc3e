"""Progress: what is being done and how far it is, written by the work and shown by a terminal.

Work sets a few attributes, which costs nothing to speak of; `rlcalc.renderers.progress` reads them
from a thread of its own, on a terminal alone. The library shows nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass
class Progress:
    """One stage of the work, such as the reading of a file, and how much of it is done."""

    stage: str = ""  # empty: nothing long has begun
    done: float = 0.0
    total: float = 0.0  # 0: unknown
    unit: str = ""  # a noun in the plural, or "B" for bytes
    detail: str = ""
    begun: float = 0.0  # seconds of the monotonic clock

    def begin(self, stage: str, total: float = 0.0, unit: str = "") -> None:
        """Begin a stage."""
        self.stage, self.done, self.total, self.unit, self.detail = stage, 0.0, total, unit, ""
        self.begun = time.monotonic()


NOW = Progress()
"""The stage of this process."""


def counted(
    items: Iterable[Item], stage: str, unit: str, size: Callable[[Item], int], total: float = 0.0
) -> Iterator[Item]:
    """Pass items on, and count them as a stage.

    Args:
        items: in their order.
        stage: what is done with them.
        unit: the noun of what is counted.
        size: how many an item is.
        total: of all items; 0: unknown.
    """
    NOW.begin(stage, total, unit)
    for item in items:
        yield item
        NOW.done += size(item)

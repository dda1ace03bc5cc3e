"""The request: how a source of trajectories or a model is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlcalc.readers.row_filter import RowFilter


@dataclass(frozen=True)
class ReadRequest:
    """How a source is to be read."""

    kind: str | None = None  # --from; None: found by content
    columns: Mapping[str, str] = field(default_factory=dict)  # --columns: a field → its column
    state_columns: tuple[str, ...] = ()  # columns of numbers that are the state together
    one_step: bool = False  # every row is a trajectory
    order_by: str | None = None  # sort each trajectory's steps by this column
    identify: bool = False  # keep row numbers, the trajectories' names and their own time
    where: tuple[RowFilter, ...] = ()  # --where: only rows that pass all of these are read
    max_size: int | None = None  # bytes that a compressed source may unpack to
    needed: tuple[str, ...] = ("state", "action", "reward")  # fields that every step must have
    done: str = "unsaid"  # what done tells of an end: `terminated`, or `before` the row (CleanRL)
    unread: tuple[str, ...] = ()  # fields that nobody needs, so that nothing in them is a fault

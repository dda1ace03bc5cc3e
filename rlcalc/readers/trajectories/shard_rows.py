"""Rows of one shard: those that trajectories of other shards may go on in, and the others.

A shard is a file that was cut from a longer source. Its head is what may belong to a trajectory of
the shards before it: the rows up to the first end (of each key, where rows are interleaved). Its
tail is what is still open at its end. Both are kept as rows, and joined when all shards are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rlcalc.errors import InputError, RlcalcError
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Flags, Ints, differs_from_previous
from rlcalc.readers.column_names import NUMBERS
from rlcalc.readers.label_encoder import LabelEncoders
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.trajectories.assemble import LONGEST_RUN, Assembler
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.layout import TableLayout, ends, segment_begins
from rlcalc.readers.trajectories.load import batches_of
from rlcalc.readers.trajectories.step_table import FLAGS, Rows
from rlcalc.trajectories import Experience, Trajectories

SHARD_BITS = 36
"""A row is ordered by its shard, and by its place among at most 2^36 rows of it."""

WHOLE = "add --shards-whole if no trajectory goes on in the next file, or leave out --engine and "
WHOLE += "--partial"


@dataclass(frozen=True)
class Edges:
    """Rows of the heads and tails of shards, in the order of the shards."""

    columns: dict[str, Any] = field(default_factory=dict)  # as in `Rows`, `shard` and `closes` too

    def __len__(self) -> int:
        return len(self.columns.get("reward", ()))

    def followed_by(self, later: Edges) -> Edges:
        """Return these rows and those of later shards.

        Raises:
            InputError: only some of the shards have a column.
        """
        if not (len(self) and len(later)):
            return self if len(self) else later
        columns: dict[str, Any] = {}
        for name in {**self.columns, **later.columns}:
            parts: list[Any] = [
                edges.columns.get(name, _absent(name, len(edges))) for edges in (self, later)
            ]
            if any(part is None for part in parts):
                raise InputError(
                    f"the shards differ: some have a column for the {name}, others have none",
                    fix="read them one by one, or give all of them the same columns",
                )
            columns[name] = np.concatenate(parts)
        return Edges(columns)

    def recoded(self, states: Ints | None, actions: Ints | None) -> Edges:
        """Return the same rows with other numbers of their labels; None: the same numbers."""
        codes = {"state": states, "next_state": states, "action": actions}
        return Edges(
            {name: _recoded(column, codes.get(name)) for name, column in self.columns.items()}
        )

    def shifted(self, shards: int) -> Edges:
        """Return the same rows of shards whose numbers are higher by so many."""
        if not len(self):
            return self
        return Edges({**self.columns, "shard": self.columns["shard"] + shards})


def _absent(name: str, n: int) -> Any:
    """Return n entries of a column that a shard lacks; None: it cannot be made up."""
    if name in FLAGS:
        return np.zeros(n, dtype=bool)
    return np.full(n, np.nan) if name in NUMBERS else None


def _recoded(column: Any, codes: Ints | None) -> Any:
    if codes is None or not len(codes):
        return column
    return np.where(column < 0, -1, codes[column]).astype(np.int32)


class ShardAssembler(Assembler):
    """Makes trajectories of the rows of one shard, and keeps its head and its tail as rows."""

    def __init__(
        self,
        experience: Experience,
        encoders: LabelEncoders,
        request: ReadRequest,
        layout: TableLayout | None,
        *,
        whole: bool,
    ) -> None:
        super().__init__(experience, encoders, request)
        self.layout, self.is_whole = layout, whole
        self.head: list[Rows] = []
        self.tail: list[Rows] = []
        self.head_is_over = False
        self.seen = np.empty(0, dtype=np.int64)  # interleaved: keys, ascending
        self.over = np.empty(0, dtype=np.int64)  # those whose head is over

    @property
    def crosses(self) -> bool:
        """Whether trajectories may go on in other shards."""
        layout = self.layout
        if layout is None or self.is_whole or self.padded or self.request.one_step:
            return False
        return "time" in self.kinds or (layout.keyed and layout.flagged)

    def _after_head(self, rows: Rows) -> Rows:
        layout = self.layout
        assert layout is not None
        if not self.is_whole:
            self._require_divisible(layout)
        if not self.crosses:
            return rows
        if layout.interleaved:
            return self._after_heads_of_keys(rows)
        if self.head_is_over:
            return rows
        part, before = rows, 0
        if self.head:
            before = 1
            part = Rows.joined([self.head[-1].take(slice(-1, None)), rows])
        by_run = layout.keyed and not self.by_environment
        begins = differs_from_previous(part["key"]) if by_run else segment_begins(part, layout)
        first = np.flatnonzero(begins[1:])[:1] + 1
        if len(first):
            cut = int(first[0]) - before
            self.head.append(rows.take(slice(cut)))
            self.head_is_over = True
            return rows.take(slice(cut, None))
        self.head.append(rows)
        if by_run and sum(map(len, self.head)) > LONGEST_RUN:
            return self._cut_head(layout)
        return rows.take(slice(0))

    def _cut_head(self, layout: TableLayout) -> Rows:
        """Return what follows the first end in the head, which is longer than a run may be."""
        rows = Rows.joined(self.head)
        first = np.flatnonzero(segment_begins(rows, layout)[1:])[:1] + 1
        if not len(first):
            return rows.take(slice(0))
        self.head, self.head_is_over = [rows.take(slice(int(first[0])))], True
        return rows.take(slice(int(first[0]), None))

    def _after_heads_of_keys(self, rows: Rows) -> Rows:
        """Keep of each key the rows up to its first end; return the others."""
        layout = self.layout
        assert layout is not None
        order = np.argsort(rows["key"], kind="stable")
        ordered = rows.take(order)
        key = ordered["key"]
        change = differs_from_previous(key)
        begins = segment_begins(ordered, layout) & ~change
        if "is_first" in ordered:
            begins |= ordered["is_first"] & change & _contains(self.seen, key)
        self.seen = np.union1d(self.seen, key[change])
        total: Ints = np.cumsum(begins)
        before: Ints = (total - begins)[change]
        n_before: Ints = total - np.repeat(
            before, np.diff(np.append(np.flatnonzero(change), len(key)))
        )
        in_head = (n_before == 0) & ~_contains(self.over, key)
        over = key[(~in_head) | (in_head & ends(ordered))]
        self.over = np.union1d(self.over, over)
        kept = np.zeros(len(rows), dtype=bool)
        kept[order] = in_head
        self.head.append(rows.take(kept))
        return rows.take(~kept)

    def _require_divisible(self, layout: TableLayout) -> None:
        """Refuse a layout in which nothing says where a shard may be cut."""
        if layout.hold or layout.resets:
            raise InputError(
                "the rows of trajectories do not stand in order, so no file can be read alone"
                if layout.hold
                else "rows after an end are resets, so no file can be read alone",
                self.file_name[-1],
                WHOLE,
            )

    def finish(self) -> list[Trajectories]:
        """Return the trajectories that are whole; keep the rows of the last one as the tail."""
        self._require_layout()
        if not self.open:
            return []
        batches = self._whole(last=not self.crosses)
        self.tail, self.open = self.open, []
        return batches

    def edges(self, shard: int) -> Edges:
        """Return the rows of the head and of the tail.

        Args:
            shard: the number of the shard.
        """
        parts = [part for part in (*self.head, *self.tail) if len(part)]
        if not parts:
            return Edges()
        n_head = sum(map(len, self.head))
        rows = Rows.joined(parts)
        closes = np.zeros(len(rows), dtype=bool)
        if self.layout is not None and self.layout.interleaved:
            closes[:n_head] = _contains(self.over, rows["key"][:n_head])
        else:
            closes[:n_head] = self.head_is_over
        in_head = np.arange(len(rows)) < n_head
        number = np.full(len(rows), shard, dtype=np.int64)
        return Edges({**rows.columns, "shard": number, "closes": closes, "in_head": in_head})

    @property
    def n_head(self) -> int:
        """The number of rows of the head."""
        return sum(map(len, self.head))


def _contains(ascending: Ints, values: Ints) -> Flags:
    if not len(ascending):
        return np.zeros(len(values), dtype=bool)
    place = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    inside: Flags = ascending[place] == values
    return inside


class ShardContext(ReaderContext):
    """The state of the reading of one shard."""

    def __init__(
        self,
        experience: Experience,
        request: ReadRequest,
        layout: TableLayout | None,
        *,
        whole: bool,
    ) -> None:
        super().__init__(experience, request)
        self._layout, self._whole = layout, whole

    def _new_assembler(self) -> ShardAssembler:
        return ShardAssembler(
            self.experience, self.encoders, self.request, self._layout, whole=self._whole
        )

    @property
    def rows(self) -> ShardAssembler | None:
        """The assembler; None where the source has no rows of steps."""
        assembler = self.__dict__.get("assembler")
        assert assembler is None or isinstance(assembler, ShardAssembler)
        return assembler


def read_shard(
    name: str,
    experience: Experience,
    request: ReadRequest,
    layout: TableLayout | None,
    *,
    whole: bool,
) -> ShardContext:
    """Let an experience read one shard, and return the state of its reading.

    Args:
        name: a file.
        experience: that gets its batches.
        request: how to read it.
        layout: what the first rows of the first shard show; None: see the first rows of this one.
        whole: no trajectory goes on in another shard.
    """
    context = ShardContext(experience, request, layout, whole=whole)
    experience.batches = batches_of([name], context)
    return context


def first_layout(names: list[str], request: ReadRequest) -> TableLayout | None:
    """Return what the first rows of some files show; None where they are no rows of steps."""
    experience = Experience(iter(()), Labels(), Labels(), faults=[])  # who reads them tells
    context = _LayoutContext(experience, request)
    try:
        next(batches_of(names, context), None)
    except _LayoutKnown as known:
        return known.layout
    return None


class _LayoutKnown(RlcalcError):
    """Ends a reading of which only the layout was asked for; nobody sees it."""

    def __init__(self, layout: TableLayout) -> None:
        super().__init__("the layout is known")
        self.layout = layout


class _LayoutAssembler(Assembler):
    def _after_head(self, rows: Rows) -> Rows:
        assert self.layout is not None
        raise _LayoutKnown(self.layout)


class _LayoutContext(ReaderContext):
    def _new_assembler(self) -> Assembler:
        return _LayoutAssembler(self.experience, self.encoders, self.request)


def joined_edges(
    edges: Edges,
    experience: Experience,
    request: ReadRequest,
    layout: TableLayout,
    name_of: Callable[[int], str],
) -> tuple[Iterator[Trajectories], Assembler]:
    """Return the trajectories of heads and tails, `row` in the order of all shards, and the rest.

    The tail of a shard goes on in the head of the next one, and through shards that are one head.
    Of interleaved rows each key does so by itself.

    Args:
        edges: of all shards.
        experience: with the labels of all shards.
        request: how they were read.
        layout: of all shards.
        name_of: the name of a shard by its number.
    """
    columns = dict(edges.columns)
    shard, closes, in_head = (columns.pop(name) for name in ("shard", "closes", "in_head"))
    rows = Rows({**columns, "arrival": columns["arrival"] + (shard << SHARD_BITS)})
    if "key" not in rows:
        rows.columns["key"] = np.zeros(len(rows), dtype=np.int64)
    if layout.interleaved:
        order = np.argsort(rows["key"], kind="stable")
        rows, shard = rows.take(order), shard[order]
        closes, in_head = closes[order], in_head[order]
    leaves = differs_from_previous(shard) | differs_from_previous(in_head)
    chain = differs_from_previous(rows["key"])
    chain[1:] |= closes[:-1] & leaves[1:]
    rows.columns["key"] = np.cumsum(chain).astype(np.int64)
    assembler = Assembler(experience, LabelEncoders.of(experience), replace(request, identify=True))
    assembler.take_open(
        rows,
        replace(layout, keyed=True, interleaved=False, hold=False),
        {int(number) << SHARD_BITS: name_of(int(number)) for number in np.unique(shard)},
    )
    return iter(assembler.finish()), assembler

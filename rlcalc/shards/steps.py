"""Steps of shards: their labels, sums and readers' counts as one, and trajectories at borders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from rlcalc.errors import Fault, InputError
from rlcalc.estimators.truncation import discount_of
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Ints
from rlcalc.numerics.merge import MergeTree
from rlcalc.partials import Shard
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.trajectories.assemble import Strides
from rlcalc.readers.trajectories.layout import TableLayout
from rlcalc.readers.trajectories.load import counted_batches
from rlcalc.readers.trajectories.shard_rows import (
    SHARD_BITS,
    Edges,
    joined_edges,
    read_shard,
)
from rlcalc.result import Result
from rlcalc.trajectories import Experience, Trajectories


class StepSummary(Protocol):
    """Sums over the trajectories of some shards, by the codes of their states and actions."""

    def merge(self, later: Self) -> Self:
        """Return the sums over these shards and the ones that follow."""

    def recoded(self, states: Ints | None, actions: Ints | None) -> Self:
        """Return the same sums by other codes: [S] and [A] that of each; None: the same."""

    def shifted(self, shards: int) -> Self:
        """Return the same of shards whose numbers are higher by so many."""


Summary = TypeVar("Summary", bound=StepSummary)


@dataclass(frozen=True)
class ShardLabels:
    """The labels of states or of actions, in the order in which they were met."""

    texts: Sequence[str] = ()
    textual: bool = False

    @classmethod
    def of(cls, labels: Labels) -> ShardLabels:
        """Return the labels of an experience."""
        return cls(list(labels.texts), labels.textual)

    def followed_by(self, later: ShardLabels) -> tuple[ShardLabels, Ints | None]:
        """Return these labels and those of later shards, and the new codes of these; None: same."""
        textual = self.textual or later.textual
        if list(later.texts) == list(self.texts[: len(later.texts)]):
            return ShardLabels(self.texts, textual), None
        labels = Labels(self.texts)
        codes = labels.encode(later.texts)
        same = np.array_equal(codes, np.arange(len(codes)))
        return ShardLabels(labels.texts, textual), None if same else codes.astype(np.int64)

    def labels(self) -> Labels:
        """Return them as the labels of an experience."""
        return Labels(self.texts, self.textual)


@dataclass(frozen=True)
class ReaderCounts:
    """What readers of shards counted, noted and refused."""

    gamma: float | None = None  # what the sources say
    kinds: Sequence[str] = ()
    n_rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    notes: Sequence[str] = ()
    oddities: Counter[str] = field(default_factory=Counter)
    places: Mapping[str, str] = field(default_factory=dict)
    strides: Strides = field(default_factory=Strides)
    faults: Sequence[Fault] = ()

    @classmethod
    def of(cls, experience: Experience, strides: Strides) -> ReaderCounts:
        """Return those of one shard."""
        faults = [*(experience.faults or [])]
        faults += [experience.disagreement] if experience.disagreement else []
        return cls(
            experience.gamma,
            list(experience.kinds),
            experience.n_rows,
            experience.left_out,
            list(experience.notes),
            experience.oddities,
            dict(experience.places),
            strides,
            faults,
        )

    def merge(self, later: ReaderCounts) -> ReaderCounts:
        """Return those of these shards and of later ones."""
        return ReaderCounts(
            self.gamma if self.n_rows or not later.n_rows else later.gamma,
            list(dict.fromkeys([*self.kinds, *later.kinds])),
            self.n_rows + later.n_rows,
            _added(self.left_out, later.left_out),
            list(dict.fromkeys([*self.notes, *later.notes])),
            _added(self.oddities, later.oddities),
            {**later.places, **self.places},
            self.strides.merge(later.strides),
            [*self.faults, *later.faults],
        )

    def experience(self, states: Labels, actions: Labels) -> Experience:
        """Return an experience without trajectories that counted, noted and refused all this."""
        return Experience(
            iter(()),
            states,
            actions,
            self.gamma,
            kinds=list(self.kinds),
            n_rows=self.n_rows,
            left_out=_added(self.left_out),
            notes=list(self.notes),
            oddities=_added(self.oddities),
            places=dict(self.places),
            faults=list(self.faults) or None,
        )


def _added(*counters: Counter[str]) -> Counter[str]:
    """Return the sum of counters, in the order in which their names come."""
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total


@dataclass(frozen=True)
class StepPart(Generic[Summary]):
    """What some shards of steps say."""

    states: ShardLabels
    actions: ShardLabels
    summary: Summary | None  # of the trajectories that no border cuts; None: there are none
    edges: Edges  # rows of the others
    counts: ReaderCounts
    gamma: float | None  # the discount factor that was used; None: for nothing

    def merge(self, later: StepPart[Summary]) -> StepPart[Summary]:
        """Return what these shards and later ones say.

        Raises:
            InputError: they have different discount factors, or columns.
        """
        if None not in (self.gamma, later.gamma) and self.gamma != later.gamma:
            raise InputError(
                f"some shards have the discount factor {self.gamma}, later ones {later.gamma}",
                fix="use --gamma",
            )
        states, new_states = self.states.followed_by(later.states)
        actions, new_actions = self.actions.followed_by(later.actions)
        summary = self.summary
        if later.summary is not None:
            recoded = later.summary.recoded(new_states, new_actions)
            summary = recoded if summary is None else summary.merge(recoded)
        return StepPart(
            states,
            actions,
            summary,
            self.edges.followed_by(later.edges.recoded(new_states, new_actions)),
            self.counts.merge(later.counts),
            later.gamma if self.gamma is None else self.gamma,
        )

    def shifted(self, shards: int) -> StepPart[Summary]:
        """Return the same of shards whose numbers are higher by so many."""
        summary = None if self.summary is None else self.summary.shifted(shards)
        return replace(self, summary=summary, edges=self.edges.shifted(shards))


@dataclass(frozen=True)
class StepQuestion(ABC, Generic[Summary]):
    """A question about trajectories that sums over shards answer."""

    reading: ReadRequest
    layout: TableLayout | None  # what the first rows of all shards show
    whole: bool  # no trajectory goes on in another shard

    @property
    def collects_faults(self) -> bool:
        """Whether a shard is read on after a fault."""
        return False

    @property
    @abstractmethod
    def discount(self) -> float | None:
        """The discount factor that was asked for."""

    @abstractmethod
    def summarise(self, piece: Trajectories, gamma: float) -> Summary:
        """Return the sums over some trajectories, as if they were the first of the first shard."""

    def placed(self, summary: Summary, shard: Shard, rows_before: int) -> Summary:
        """Return sums with the place of the shard, where they remember an order.

        Args:
            summary: of the trajectories of the shard that no border cuts.
            shard: the shard.
            rows_before: rows of it that come before them.
        """
        return summary

    def placed_by_rows(self, summary: Summary, rows: Ints) -> Summary:
        """Return sums over trajectories that stand in several shards; [T] `rows`: their places."""
        return summary

    @abstractmethod
    def answer(self, summary: Summary | None, experience: Experience, gamma: float) -> Result:
        """Return the answer of all sums."""

    def part(self, shard: Shard) -> StepPart[Summary]:
        """Return what one shard says.

        Raises:
            InputError: something is wrong in it.
        """
        experience = Experience(
            iter(()), Labels(), Labels(), faults=[] if self.collects_faults else None
        )
        context = read_shard(shard.name, experience, self.reading, self.layout, whole=self.whole)
        experience.batches = counted_batches(experience.batches, experience)
        tree = MergeTree[Summary]()
        for piece in experience.pieces():
            tree.add(self.summarise(piece, discount_of(experience, self.discount)))
        summary = tree.total()
        rows = context.rows
        if summary is not None:
            summary = self.placed(summary, shard, 0 if rows is None else rows.n_head)
        edges = Edges() if rows is None else rows.edges(shard.number)
        if len(edges) and self.layout is None:
            raise InputError(
                "this shard has a step a row, and the first shards have not",
                shard.name,
                "name a file whose first rows show how such shards are laid out: --like FILE",
            )
        return StepPart(
            ShardLabels.of(experience.states),
            ShardLabels.of(experience.actions),
            summary,
            edges,
            ReaderCounts.of(experience, Strides() if rows is None else rows.strides),
            discount_of(experience, self.discount) if experience.n_rows else None,
        )

    def finish(self, part: StepPart[Summary], shards: Sequence[Shard]) -> Result:
        """Return the answer of all shards.

        Raises:
            InputError: there are no trajectories.
        """
        experience = part.counts.experience(part.states.labels(), part.actions.labels())
        summary, strides = part.summary, part.counts.strides
        if len(part.edges):
            at_borders, more = self._at_borders(part, experience, shards)
            strides = strides.merge(more)
            summary = at_borders if summary is None else summary.merge(at_borders)
        experience.count_oddity("holes_in_time", strides.holes)
        experience.note_oddities()
        return self.answer(summary, experience, discount_of(experience, part.gamma))

    def _at_borders(
        self, part: StepPart[Summary], experience: Experience, shards: Sequence[Shard]
    ) -> tuple[Summary, Strides]:
        """Return the sums over the trajectories at the borders of shards."""
        names = {one.number: one.name for one in shards}
        assert self.layout is not None
        batches, rows = joined_edges(
            part.edges,
            experience,
            self.reading,
            self.layout,
            lambda number: names.get(number, f"shard {number + 1}"),
        )
        experience.batches = counted_batches(batches, experience)
        tree = MergeTree[Summary]()
        for piece in experience.pieces():
            assert piece.row is not None
            summary = self.summarise(piece, discount_of(experience, part.gamma))
            tree.add(self.placed_by_rows(summary, piece.row))
        total = tree.total()
        assert total is not None
        return total, rows.strides


def order_of_row(shard: int, row: int) -> int:
    """Return the place of a row of a shard in the order of all rows."""
    return (shard << SHARD_BITS) + row

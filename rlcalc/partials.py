"""Partials: what is known from some shards of the data, which merges with that from the others.

A shard is a file (of a simulation, a block of episodes). The parts of all shards are merged by a
binary tree over their numbers: shards 0 and 1, then 2 and 3, then these two pairs, and so on. Who
works out which shards does not change the tree, so the answer has the same bits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

from rlcalc.errors import InputError, UsageError, listed, shown
from rlcalc.natural_order import natural_order
from rlcalc.numerics.merge import MergeTree

MOST_SHARDS = 1 << 25
"""Numbers of shards are below this: what is ordered by them and by rows fits 64 bits."""

MOST_IN_A_BLOCK = 1 << 10
"""Shards that one worker takes at a time, at most."""


class Part(Protocol):
    """What is known from some shards in a row."""

    def merge(self, later: Self) -> Self:
        """Return what is known from these shards and from those that follow."""

    def shifted(self, shards: int) -> Self:
        """Return the same of shards whose numbers are higher by so many."""


@dataclass(frozen=True)
class Shard:
    """One shard of the data: its number, its name, and what tells it from a changed one."""

    number: int
    name: str
    fingerprint: str = ""
    folder: str = ""  # that was named as a source; empty: the shard itself was


@dataclass(frozen=True)
class Node:
    """The part of 2^level shards, the first of which has a number that 2^level divides."""

    first: int
    level: int
    part: Any


@dataclass(frozen=True)
class Partial:
    """The answer of some shards to a question, of which the other shards may be elsewhere."""

    question: Mapping[str, Any]  # the command, its arguments, and what the first rows showed
    total: int | None  # shards of the whole; None: nobody numbered them
    shards: Sequence[Shard]  # with numbers that follow each other
    nodes: Callable[[], Sequence[Node]]  # what they say, which may be in a file
    name: str = ""  # that file

    @property
    def title(self) -> str:
        """What a message calls it."""
        return self.name or f"the partial of {listed([one.name for one in self.shards], 3)}"

    def __repr__(self) -> str:
        """Return one line, without what was summed."""
        of = "" if self.total is None else f" of {self.total:,}"
        shards = f"{len(self.shards):,}{of} shards"
        return f"<Partial of {self.question.get('command')}: {shards}>"


def parse_part(text: str) -> tuple[int, int]:
    """Return I and N of `I/N`, the number of a part, from 1, and how many there are.

    Raises:
        UsageError: it is not of this form.

    >>> parse_part("3/100")
    (3, 100)
    """
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    number, total = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= total <= MOST_SHARDS:
        raise UsageError(
            f"--shard {shown(text)} is not a part of a whole",
            fix=f"write the number of the part and how many there are, up to {MOST_SHARDS:,}: "
            "--shard 3/100",
        )
    return number, total


def part_of(n: int, number: int, total: int) -> range:
    """Return the places of part `number` (from 1) of n things that are dealt out in `total` parts.

    >>> [list(part_of(5, number, 2)) for number in (1, 2)]
    [[0, 1], [2, 3, 4]]
    """
    return range(n * (number - 1) // total, n * number // total)


def aligned_blocks(first: int, end: int, largest: int = MOST_IN_A_BLOCK) -> Iterator[range]:
    """Yield first : end in blocks of 2^k numbers, each of which begins at a multiple of its size.

    >>> [(block.start, block.stop) for block in aligned_blocks(3, 9)]
    [(3, 4), (4, 8), (8, 9)]
    """
    while first < end:
        size = min(first & -first or largest, largest)
        while size > end - first:
            size //= 2
        yield range(first, first + size)
        first += size


def block_size(n: int, workers: int) -> int:
    """Return how many of n shards a worker takes at a time: a power of 2, with several turns each.

    >>> block_size(1000, 4), block_size(3, 4)
    (32, 1)
    """
    turns = max(n // (8 * workers), 1)
    return int(min(1 << (turns.bit_length() - 1 + (turns & (turns - 1) > 0)), MOST_IN_A_BLOCK))


def merged_nodes(nodes: Iterable[Node]) -> list[Node]:
    """Return nodes that follow each other with every two that are one block merged to one."""
    waiting: list[Node] = []
    for node in nodes:
        merged = node
        while waiting and _is_sibling(waiting[-1], merged):
            before = waiting.pop()
            merged = Node(before.first, before.level + 1, before.part.merge(merged.part))
        waiting.append(merged)
    return waiting


def _is_sibling(one: Node, two: Node) -> bool:
    size = 1 << one.level
    return one.level == two.level and two.first == one.first + size and one.first % (2 * size) == 0


def total_of(nodes: Iterable[Node]) -> Any:
    """Return the part of all shards, from nodes that begin with shard 0; None: there are none."""
    tree = MergeTree[Any]()
    for node in nodes:
        tree.add(node.part, node.level)
    return tree.total()


def whole_of(partials: Sequence[Partial]) -> tuple[list[Shard], Any]:
    """Return the shards of several partials, which together are all of them, and their part.

    Numbered shards come in the order of their numbers. Others come in the order of the names of
    the first shard of each partial, and each partial is a leaf of the tree. One partial at a time
    is in memory.

    Raises:
        InputError: they answer other questions, or a shard is there twice or is missing.
    """
    if not partials:
        raise InputError("there are no partials", fix="give the files that --partial wrote")
    _require_one_question(partials)
    _refuse_twice(partials)
    numbered = partials[0].total is not None
    if numbered:
        in_order = sorted(partials, key=lambda one: one.shards[0].number)
    else:
        in_order = sorted(partials, key=lambda one: natural_order(one.shards[0].name))
    shards = [one for partial in in_order for one in partial.shards]
    if not numbered:
        shards = [replace(one, number=number) for number, one in enumerate(shards)]
        return shards, total_of(_leaves(in_order))
    _refuse_missing(partials, shards)
    return shards, total_of(node for one in in_order for node in one.nodes())


def _leaves(partials: Sequence[Partial]) -> Iterator[Node]:
    """Yield the total of each partial without numbers as a leaf of the tree."""
    before = 0
    for number, partial in enumerate(partials):
        yield Node(number, 0, total_of(partial.nodes()).shifted(before))
        before += len(partial.shards)


def _refuse_missing(partials: Sequence[Partial], shards: Sequence[Shard]) -> None:
    total = partials[0].total or 0
    if len(shards) < total:
        present = {one.number for one in shards}
        missing = [number + 1 for number in range(total) if number not in present]
        raise InputError(
            f"{len(missing):,} of {total:,} shards are missing: {listed(missing)}",
            listed([part.title for part in partials], 3),
            "give the partials of these shards too",
        )


def _require_one_question(partials: Sequence[Partial]) -> None:
    first = partials[0]
    for other in partials[1:]:
        here, there = dict(other.question), dict(first.question)
        names = [name for name in {**there, **here} if here.get(name) != there.get(name)]
        if names:
            raise InputError(
                f"partials answer different questions: {names[0]} is "
                f"{shown(here.get(names[0]), 60)} here, and {shown(there.get(names[0]), 60)} in "
                f"{first.title}",
                other.title,
                FIX_OF_QUESTIONS.get(names[0], "make all partials with the same options"),
            )
        if (other.total is None) != (first.total is None) or (other.total != first.total):
            raise InputError(
                f"partials number their shards differently: {_numbering(other)} here, and "
                f"{_numbering(first)} in {first.title}",
                other.title,
                "make all of them with --shard I/N and the same N, or all without it",
            )


FIX_OF_QUESTIONS = {
    "layout": "name one file whose first rows decide, for all of them: --like FILE",
    "rlcalc": "make all partials with one version of rlcalc",
    "polars": "make all partials with one version of Polars, which hashes names",
}


def _numbering(partial: Partial) -> str:
    return "no numbers" if partial.total is None else f"1 to {partial.total:,}"


def _refuse_twice(partials: Sequence[Partial]) -> None:
    """Refuse a shard that is in several partials, or twice in one."""
    numbered = partials[0].total is not None
    keys: list[Any] = [
        one.number if numbered else (one.name, one.fingerprint)
        for part in partials
        for one in part.shards
    ]
    again = [key for key, times in Counter(keys).items() if times > 1]
    if again:
        key = again[0]
        where = [
            part.title
            for part in partials
            for one in part.shards
            if (one.number if numbered else (one.name, one.fingerprint)) == key
        ]
        name = f"shard {key + 1:,}" if numbered else f"the shard {shown(key[0])}"
        raise InputError(f"{name} is there twice", listed(where, 3), "give each shard once")


FORMAT = "rlcalc partial 1"
"""What a file of a partial says that it is."""

"""From shards to nodes of the tree, on any engine: work is cut into blocks that the tree has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from rlcalc.errors import InputError
from rlcalc.partials import Node, Part, Shard, aligned_blocks, block_size, merged_nodes, total_of
from rlcalc.result import Result

Block = Sequence[Shard]
Engine = Callable[[Callable[[Block], Node], Iterable[Block]], Iterable[Node]]
"""Runs a function on each block, and returns the answers in the order of the blocks."""


class ShardQuestion(Protocol):
    """A question that every shard answers by itself. It travels to workers, so it is small."""

    def part(self, shard: Shard) -> Part:
        """Return what one shard says about it."""

    def finish(self, part: Any, shards: Sequence[Shard]) -> Result:
        """Return the answer.

        Args:
            part: what all shards say.
            shards: all of them.
        """


def nodes_of(
    question: ShardQuestion, shards: Sequence[Shard], engine: Engine, workers: int
) -> list[Node]:
    """Return what shards with consecutive numbers say, as few nodes of the tree.

    Args:
        question: that they answer.
        shards: at least one.
        engine: runs the work.
        workers: how many blocks it runs at a time.
    """
    first = shards[0].number
    size = block_size(len(shards), workers)
    blocks = [
        shards[block.start - first : block.stop - first]
        for block in aligned_blocks(first, first + len(shards), size)
    ]
    return merged_nodes(engine(partial(node_of_block, question), blocks))


def node_of_block(question: ShardQuestion, block: Block) -> Node:
    """Return the node of a block that the tree has; one part a time is worked out."""

    def nodes() -> Iterator[Node]:
        for shard in block:
            yield Node(shard.number, 0, question.part(shard))

    (node,) = merged_nodes(nodes())
    return node


def finished(question: ShardQuestion, nodes: Sequence[Node], shards: Sequence[Shard]) -> Result:
    """Return the answer of all shards.

    Raises:
        InputError: there are none.
    """
    if not nodes:
        raise InputError("there are no shards", fix="give at least one")
    return question.finish(total_of(nodes), shards)

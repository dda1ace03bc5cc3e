"""The same bytes for any number of workers, any cut into partials, and any engine."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.partials import Node, Shard
from rlcalc.shards.answer import finished, node_of_block, nodes_of
from tests.shards.conftest import Cut, log_of_steps


class Words:
    """A part that remembers how it was merged."""

    def __init__(self, text: str) -> None:
        self.text = text

    def merge(self, later: "Words") -> "Words":
        return Words(f"({self.text}{later.text})")

    def shifted(self, shards: int) -> "Words":
        return self


class Question:
    def part(self, shard: Shard) -> Words:
        return Words(str(shard.number))

    def finish(self, part: Words, shards: Any) -> Any:
        return part.text


@pytest.mark.parametrize(
    ("n", "tree"),
    [(1, "0"), (2, "(01)"), (3, "((01)2)"), (5, "(((01)(23))4)"), (7, "(((01)(23))((45)6))")],
)
def test_the_tree_is_that_of_the_numbers(n: int, tree: str) -> None:
    shards = [Shard(number, str(number)) for number in range(n)]
    for workers in (1, 2, 16):
        nodes = nodes_of(Question(), shards, map, workers)  # type: ignore[arg-type]
        assert finished(Question(), nodes, shards) == tree


@given(n=st.integers(1, 60), cuts=st.lists(st.integers(1, 59), max_size=6))
def test_any_cut_into_parts_gives_the_same_tree(n: int, cuts: list[int]) -> None:
    shards = [Shard(number, str(number)) for number in range(n)]
    whole = finished(Question(), nodes_of(Question(), shards, map, 1), shards)  # type: ignore[arg-type]
    edges = sorted({0, n, *(cut for cut in cuts if cut < n)})
    parts = [shards[first:end] for first, end in pairwise(edges)]
    nodes = [node for part in parts for node in nodes_of(Question(), part, map, 3)]  # type: ignore[arg-type]

    assert finished(Question(), merged(nodes), shards) == whole


def merged(nodes: list[Node]) -> list[Node]:
    from rlcalc.partials import merged_nodes

    return merged_nodes(nodes)


def test_a_block_is_one_node() -> None:
    node = node_of_block(Question(), [Shard(4, "4"), Shard(5, "5")])  # type: ignore[arg-type]

    assert (node.first, node.level, node.part.text) == (4, 1, "(45)")


def test_no_shards_are_refused() -> None:
    with pytest.raises(InputError, match="no shards"):
        finished(Question(), [], [])  # type: ignore[arg-type]


@pytest.mark.parametrize("places", [[], [70], [10, 30, 31, 55, 80, 100]])
def test_answers_have_the_same_bytes(cut: Cut, places: list[int]) -> None:
    """With 1, 2 and 7 shards: any number of threads, and partials of any of the shards."""
    names = cut(log_of_steps(3, 60).drop("env"), places)
    answers = [rlcalc.by_shards("estimate", names, jobs=jobs) for jobs in (1, 2, 7)]
    n = len(names)
    for parts in (1, 2, n):
        if parts <= n:
            partials = [
                rlcalc.partial("estimate", names, shard=f"{part + 1}/{parts}", jobs=1)
                for part in range(parts)
                if n > 1 or parts == 1
            ]
            answers.append(rlcalc.merge(*reversed(partials)))
    first = answers[0]
    for other in answers[1:]:
        assert list(other.rows()) == list(first.rows())
        assert other.plain_facts() == first.plain_facts()
        assert other.notes == first.notes

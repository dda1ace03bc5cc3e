"""Merging of summaries, and of tables whose keys differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from rlcalc.numerics.merge import MergeTree, merged, merged_mean
from rlcalc.numerics.moments import Moments


def test_parts_merge_in_their_order_and_no_part_is_nothing() -> None:
    """Key 2 is in both parts, keys 1 and 5 in one each."""
    first = Moments.of(np.array([1, 2]), np.array([0, 1, 2]), np.array([4.0, 1.0]))
    second = Moments.of(np.array([2, 5]), np.array([0, 1, 2]), np.array([3.0, 7.0]))
    whole = merged(iter([first, second]))

    assert whole is not None
    assert whole.key.tolist() == [1, 2, 5]
    assert whole.mean.tolist() == [4, 2, 7]
    assert whole.squares.tolist() == [0, 2, 0]
    none: list[Moments] = []
    assert merged(none) is None


def test_a_merged_mean_is_weighted_by_the_counts() -> None:
    n, m = np.array([1, 0]), np.array([3, 0])

    assert merged_mean(n, np.array([2.0, 0]), m, np.array([6.0, 0])).tolist() == [5, 0]


@dataclass(frozen=True)
class Tree:
    """A summary that remembers how it was merged."""

    shape: str

    def merge(self, later: Tree) -> Tree:
        return Tree(f"({self.shape}{later.shape})")


@pytest.mark.parametrize(
    ("n", "shape"),
    [(1, "0"), (2, "(01)"), (3, "((01)2)"), (4, "((01)(23))"), (7, "(((01)(23))((45)6))")],
)
def test_the_tree_follows_from_the_number_of_parts(n: int, shape: str) -> None:
    assert merged(Tree(str(part)) for part in range(n)) == Tree(shape)


def test_aligned_blocks_of_parts_are_subtrees_of_the_whole() -> None:
    """Whoever merges blocks of 2^k parts, and then the blocks, gets the same tree."""
    for n in range(1, 40):
        parts = [Tree(f"{part}.") for part in range(n)]
        whole = merged(parts)
        for size in (1, 2, 4, 8, 16):
            blocks = (merged(parts[first : first + size]) for first in range(0, n, size))
            assert merged(block for block in blocks if block) == whole


def test_a_total_may_be_asked_for_in_the_middle() -> None:
    tree = MergeTree[Tree]()
    for part in range(7):
        tree.add(Tree(str(part)))
        assert tree.total() == merged(Tree(str(one)) for one in range(part + 1))

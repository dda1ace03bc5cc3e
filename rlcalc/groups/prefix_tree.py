"""Trees of prefixes: where the responses of a group begin alike, and where they part.

The responses are sorted, and neighbours compared; nothing grows with the length of a response.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rlcalc.groups.response_units import ResponseUnits
from rlcalc.numerics.arrays import Ints


@dataclass(frozen=True)
class PrefixTrees:
    """J branches of some trees. Branch j is the rollouts order[low[j] : high[j]] of a node's.

    The branches of a node stand together, and those of a tree; a node stands before its
    descendants.
    """

    start: Ints  # [K + 1] offsets of trees in `order`
    order: Ints  # [M] the rollouts of each tree in the order of their responses
    tree: Ints  # [J] the tree of each branch
    depth: Ints  # [J] units that all rollouts of the node begin with
    node_low: Ints  # [J] the rollouts of the node are order[node_low : node_high]
    node_high: Ints
    low: Ints
    high: Ints
    repeats: Ints  # [R, 2] two or more equal responses: order[low : high]
    n_distinct: int  # responses that differ from all others of their tree
    prefix: Sequence[str]  # [J] how the common beginning ends
    next: Sequence[str]  # [J] the unit that follows it in the branch


def common_bytes(one: bytes, other: bytes) -> int:
    """Return with how many equal bytes two texts begin.

    >>> common_bytes(b"abc", b"abd")
    2
    """
    n = min(len(one), len(other))
    if one[:n] == other[:n]:
        return n
    differs = np.frombuffer(one, np.uint8, n) != np.frombuffer(other, np.uint8, n)
    return int(np.argmax(differs))


def prefix_trees(places: Ints, start: Ints, units: ResponseUnits) -> PrefixTrees:
    """Return the trees of some groups of rollouts.

    Args:
        places: [M] the rollouts, those of a tree together.
        start: [K + 1] where each tree begins among them.
        units: of their responses.
    """
    order = np.empty(len(places), np.int64)
    rows: list[tuple[int, int, int, int, int, int]] = []
    prefix: list[str] = []
    following: list[str] = []
    repeats: list[tuple[int, int]] = []
    for tree, (first, end) in enumerate(pairwise(start.tolist())):
        keys = units.keys(places[first:end])
        by_key = sorted(range(len(keys)), key=keys.__getitem__)
        order[first:end] = places[first:end][by_key]
        keys = [keys[place] for place in by_key]
        nodes = _nodes(keys, units)
        for depth, edges in sorted(nodes, key=lambda node: (node[1][0], -node[1][-1])):
            low, high = edges[0], edges[-1]
            if len(edges) == 2:
                repeats.append((first + low, first + high))
                continue
            equal = edges[1] - low > 1 and keys[low] == keys[edges[1] - 1]
            if equal and units.size(keys[low]) == depth:  # they end here
                repeats.append((first + low, first + edges[1]))
            beginning = units.prefix(keys[low], depth)
            for begin, stop in pairwise(edges):
                rows.append((tree, depth, first + low, first + high, first + begin, first + stop))
                prefix.append(beginning)
                following.append(units.at(keys[begin], depth))
    again = np.array(repeats, np.int64).reshape(-1, 2)
    columns = ("tree", "depth", "node_low", "node_high", "low", "high")
    table = np.array(rows, np.int64).reshape(-1, len(columns)).T
    return PrefixTrees(
        start=start,
        order=order,
        **dict(zip(columns, table, strict=True)),
        repeats=again,
        n_distinct=len(places) - int((again[:, 1] - again[:, 0] - 1).sum()),
        prefix=prefix,
        next=following,
    )


def _nodes(keys: Sequence[bytes], units: ResponseUnits) -> list[tuple[int, list[int]]]:
    """Return the nodes at which sorted responses part: the depth, and the edges of the branches.

    A node with a single branch is two or more equal responses. Each node is the longest run of
    responses with `depth` equal units: those runs nest, so the open ones are a stack.
    """
    nodes: list[tuple[int, list[int]]] = []
    stack: list[tuple[int, list[int]]] = []
    for place in range(1, len(keys) + 1):
        depth = -1
        if place < len(keys):
            one, other = keys[place - 1], keys[place]
            depth = units.common(one, other, common_bytes(one, other))
        low = place - 1
        while stack and stack[-1][0] > depth:
            closed, edges = stack.pop()
            nodes.append((closed, [*edges, place]))
            low = edges[0]
        if depth < 0:
            break
        again = keys[place] == keys[place - 1]  # it ends here, as the one before it does
        if not stack or stack[-1][0] < depth:
            stack.append((depth, [low]))
        stack[-1][1].extend([] if again else [place])
    return nodes

"""Picture of branches: V̂ along the responses of one group, which part where its branches do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rlcalc.charts import Axis, Chart
from rlcalc.errors import shown
from rlcalc.groups.branches import Branches
from rlcalc.numerics.arrays import Ints

MOST_RESPONSES = 8
"""Responses that are drawn, a line each."""


def branch_charts(values: Branches, group: Ints, units: str) -> list[Chart]:
    """Return the tree of the group whose branch has the smallest p; none where nothing branches.

    Args:
        values: of all branches.
        group: [K] a group of each tree, which names it.
        units: of the responses.
    """
    trees = values.trees
    if not len(trees.tree):
        return []
    p = np.where(np.isnan(values.p), np.inf, values.p)
    tree = int(trees.tree[np.argmin(p)])
    of_tree = np.flatnonzero(trees.tree == tree)
    nodes = set(
        zip(trees.node_low[of_tree].tolist(), trees.node_high[of_tree].tolist(), strict=True)
    )
    ends = [j for j in of_tree.tolist() if (trees.low[j], trees.high[j]) not in nodes]
    drawn = sorted(ends, key=lambda j: -values.m[j])[:MOST_RESPONSES]
    rows = [row for j in sorted(drawn) for row in _line(values, of_tree, j)]
    several = ""
    if len(trees.start) > 2:
        several = f"; of {len(trees.start) - 1:,} groups the one with the smallest p"
    all_of = "" if len(drawn) == len(ends) else f"; {len(drawn)} of {len(ends):,} are drawn"
    name = shown(values.rollouts.group[int(group[tree])], 40)
    return [
        Chart(
            name="branches",
            title=f"Branches of group {name}",
            kind="line",
            columns={
                column: [row[place] for row in rows]
                for place, column in enumerate(("depth", "value", "response"))
            },
            x=Axis("depth", f"{units} of the response"),
            y=Axis("value", "mean reward of the rollouts that begin so"),
            colour=Axis("response", "", "names"),
            note=f"a line for each different response{several}{all_of}",
        )
    ]


def _line(values: Branches, of_tree: Ints, end: int) -> Sequence[tuple[Any, ...]]:
    """Return the depth, V̂ and the name of a response wherever V̂ changes, before and after."""
    trees = values.trees
    around = (trees.low[of_tree] <= trees.low[end]) & (trees.high[of_tree] >= trees.high[end])
    path = of_tree[around]
    times = int(values.m[end])
    name = shown(values.rollouts.rollout[int(trees.order[trees.low[end]])], 20)
    label = name if times == 1 else f"{name} and {times - 1} equal"
    points = [(0, float(values.node[0][path[0]]), label)]
    for j in path.tolist():
        depth = int(trees.depth[j])
        points += [(depth, points[-1][1], label), (depth + 1, float(values.branch[0][j]), label)]
    points.append((int(trees.depth[of_tree].max()) + 1, points[-1][1], label))
    return list(dict.fromkeys(points))

"""Responses of letters, a word each, as branches; and the tree by following every prefix."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from rlcalc.groups.branches import Branches
from rlcalc.groups.prefix_tree import PrefixTrees, prefix_trees
from rlcalc.groups.response_units import Characters
from rlcalc.rollouts import Rollouts

MOCK = ["ab", "ab", "ab", "ac", "ac", "b", "b", "c"]
MOCK_REWARDS = [1.0, 1, 0, 0, 0, 1, 1, 0]


def trees_of(texts: Sequence[str], groups: Sequence[int] | None = None) -> PrefixTrees:
    group = np.zeros(len(texts), int) if groups is None else np.array(groups)
    order = np.argsort(group, kind="stable")
    begin = np.flatnonzero(np.diff(group[order], prepend=-1))
    return prefix_trees(order, np.append(begin, len(texts)), Characters(pl.Series(texts)))


def branches_of(
    texts: Sequence[str], rewards: Sequence[float], groups: Sequence[int] | None = None
) -> Branches:
    group = np.zeros(len(texts), int) if groups is None else np.array(groups)
    rollouts = Rollouts.from_arrays(group, np.array(rewards, float))
    row = np.arange(len(texts)) if rollouts.row is None else rollouts.row
    ordered = [texts[place] for place in row]
    return Branches(rollouts, trees_of(ordered, group[row].tolist()))


def branches_by_prefixes(texts: Sequence[str]) -> set[tuple[str, str, frozenset[int]]]:
    """The prefix, what follows, and the rollouts of every branch, from the definition."""
    branches = set()
    for prefix in {text[:k] for text in texts for k in range(len(text) + 1)}:
        passing = [i for i, text in enumerate(texts) if text.startswith(prefix)]
        after = {i: texts[i][len(prefix) : len(prefix) + 1] for i in passing}
        if len(set(after.values())) > 1:
            for unit in set(after.values()):
                branches.add((prefix, unit, frozenset(i for i in passing if after[i] == unit)))
    return branches

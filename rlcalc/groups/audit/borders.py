"""Borders: whether advantages that do not fit would fit in groups that are cut elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.fitting import Comparison, Fit
from rlcalc.groups.groups import Groups
from rlcalc.numerics.arrays import Ints
from rlcalc.rollouts import Rollouts

MOST_ROLLOUTS = 1 << 10
"""Rollouts in the order of the source on which other borders are tried."""
LARGEST_GROUP = 128
COLUMNS = ("advantage", "absent", "length", "baseline")
"""The columns that conventions and comparisons use."""
FAMILIES = (
    Convention("grpo", 1e-4),
    Convention("grpo", 1e-6),
    Convention("grpo", 1e-6, ddof=0),
    Convention("grpo", 1e-9),
    Convention("dr-grpo"),
    Convention("rloo"),
)
"""The conventions that are tried with other borders."""


def other_borders(comparison: Comparison, best: Fit) -> str | None:
    """Return a sentence that names groups in which all of the advantages fit; None: none do.

    Args:
        comparison: the trainer's advantages.
        best: the fit in the groups as they are.
    """
    rollouts = comparison.rollouts
    order = np.arange(len(rollouts)) if rollouts.row is None else np.argsort(rollouts.row)
    order = order[:MOST_ROLLOUTS]
    now = int((best.fits & (comparison.target != 0))[order].sum())
    tried = [best.how] if best.how.by_group and comparison.explains(best) else []
    for group, words in _groupings(rollouts, order):
        other = Comparison(Groups(_regrouped(rollouts, order, group)), comparison.rounding)
        needed = int((other.target != 0).sum())
        for how in (*tried, *FAMILIES):
            fit = other.fit(how)
            if fit.score == (needed, other.n) and needed > max(now, 3):
                part = f"first {len(order):,} of the " if len(order) < len(rollouts) else ""
                return f"the {part}same numbers fit {how.description()} in {words}"
    return None


def _groupings(rollouts: Rollouts, order: Ints) -> Iterator[tuple[Ints, str]]:
    """Yield other groups of the rollouts in this order, and what they are."""
    prompt = np.repeat(rollouts.prompt, rollouts.size)[order]
    if len(np.unique(prompt)) < rollouts.n_groups:
        yield prompt, "groups that go across steps: --step none"
    n = len(order)
    for size in range(2, min(LARGEST_GROUP, n) + 1):
        whole = len(rollouts) // size * size == len(rollouts)
        if whole:
            part = np.arange(n) // size
            yield part, f"groups of {size} rows in the order of the source: --group-size {size}"


def _regrouped(rollouts: Rollouts, order: Ints, group: Ints) -> Rollouts:
    size = np.bincount(group)[group]
    whole = size == size.max()  # the last group may be cut by the limit
    columns = {name: getattr(rollouts, name) for name in COLUMNS}
    return Rollouts.from_arrays(
        group[whole],
        rollouts.reward[order][whole],
        **{name: column[order][whole] for name, column in columns.items() if column is not None},
    )

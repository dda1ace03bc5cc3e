"""Several reward functions: what each contributes, which groups it decides, and what it follows."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from rlcalc.groups.groups import SMALL, Groups
from rlcalc.numerics.arrays import Flags, Floats, Ints, segment_means
from rlcalc.result import Fact


def function_facts(groups: Groups) -> dict[str, Fact]:
    """Return facts about each of several reward functions; none where there is one.

    - `function_mean`: the mean of the rewards that it gave.
    - `function_spread`: their standard deviation inside groups; see `spread_inside`.
    - `decides_alone`: groups in which its share of the reward differs, and that of no other.
    - `function_correlation` of two, and `function_length_correlation`: Pearson's, inside groups.

    Args:
        groups: with their rewards; a mean, a spread or a correlation that is not defined is None.
    """
    scored = groups.rollouts.scored
    names = list(scored.rewards)
    if len(names) < 2 or not len(scored):
        return {}
    columns = {name: np.asarray(scored.rewards[name]) for name in names}
    number = np.repeat(np.arange(len(scored.size)), scored.size)
    differs = {name: _differs(groups, name) for name in names}
    several = np.sum([*differs.values()], axis=0) > 1
    length = scored.length
    facts: dict[str, Fact] = {
        "function_mean": {name: _mean(column) for name, column in columns.items()},
        "function_spread": {name: spread_inside(x, number) for name, x in columns.items()},
        "decides_alone": {name: int((differs[name] & ~several).sum()) for name in names},
        "function_correlation": {
            f"{one} with {two}": correlation_inside(columns[one], columns[two], number)
            for one, two in combinations(names, 2)
        },
    }
    if length is not None and not np.isnan(length).all():
        facts["function_length_correlation"] = {
            name: correlation_inside(column, length, number) for name, column in columns.items()
        }
    return facts


def spread_inside(values: Floats, group: Ints) -> float | None:
    """Return the standard deviation inside groups: √( Σ (x_i − x̄_g)² / Σ_g (n_g − 1) ).

    Args:
        values: [M] NaN where there is none.
        group: [M] ascending, the group of each.

    Returns:
        In the unit of the values; None where no group has two of them.
    """
    (left,), free = _centred(group, values)
    return float(np.sqrt((left @ left) / free)) if free else None


def correlation_inside(x: Floats, y: Floats, group: Ints) -> float | None:
    """Return Pearson's correlation inside groups, over the rollouts that have both values.

        Σ (x_i − x̄_g)(y_i − ȳ_g) / √( Σ (x_i − x̄_g)² · Σ (y_i − ȳ_g)² )

    Args:
        x: [M] NaN where there is none.
        y: [M] likewise.
        group: [M] ascending, the group of each.

    Returns:
        From -1 to 1; None where one of them is equal in every group.
    """
    (x_left, y_left), _ = _centred(group, x, y)
    largest = max(np.abs(x_left).max(initial=0.0), 0.0), max(np.abs(y_left).max(initial=0.0), 0.0)
    if not all(largest):
        return None
    x_left, y_left = x_left / largest[0], y_left / largest[1]  # squares of 1e-200 would be 0
    correlation = (x_left @ y_left) / np.sqrt((x_left @ x_left) * (y_left @ y_left))
    return float(np.clip(correlation, -1.0, 1.0))


def _centred(group: Ints, *columns: Floats) -> tuple[list[Floats], int]:
    """Return what rows with all values differ by from their group's mean, and Σ_g (n_g − 1)."""
    there = ~np.isnan(columns[0])
    for column in columns[1:]:
        there &= ~np.isnan(column)
    if not there.all():
        group, columns = group[there], tuple(column[there] for column in columns)
    if not len(group):
        return [column[:0] for column in columns], 0
    edge = np.concatenate([[0], np.flatnonzero(group[1:] != group[:-1]) + 1, [len(group)]])
    size = np.diff(edge)
    left = [column - np.repeat(segment_means(column, edge), size) for column in columns]
    return left, len(group) - len(size)


def _differs(groups: Groups, name: str) -> Flags:
    """Return [K] whether what a function adds to the reward differs inside a group.

    A reward that it did not give adds 0, as in the sum.
    """
    scored = groups.rollouts.scored
    added = np.nan_to_num(scored.rewards[name]) * scored.weights.get(name, 1.0)
    low = np.minimum.reduceat(added, scored.start[:-1])
    high = np.maximum.reduceat(added, scored.start[:-1])
    most = np.maximum(SMALL, np.maximum(np.abs(low), np.abs(high)))
    differs: Flags = high - low > groups.tolerance * most
    return differs


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None

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
    - `function_spread`: their standard deviation inside groups; see `Inside.spread`.
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
    inside = Inside(scored.start)
    differs = {name: _differs(groups, name) for name in names}
    several = np.sum([*differs.values()], axis=0) > 1
    facts: dict[str, Fact] = {
        "function_mean": {name: inside.mean(column) for name, column in columns.items()},
        "function_spread": {name: inside.spread(column) for name, column in columns.items()},
        "decides_alone": {name: int((differs[name] & ~several).sum()) for name in names},
        "function_correlation": {
            f"{one} with {two}": inside.correlation(columns[one], columns[two])
            for one, two in combinations(names, 2)
        },
    }
    length = scored.length
    if length is not None and not np.isnan(length).all():
        facts["function_length_correlation"] = {
            name: inside.correlation(column, length) for name, column in columns.items()
        }
    return facts


class Inside:
    """What values differ by from the mean of their group, for spreads and correlations."""

    def __init__(self, start: Ints) -> None:
        """Take [K + 1] where groups begin, and the end; none is empty."""
        self.start = start
        self.known: dict[int, tuple[Floats, Flags | None, Floats]] = {}

    def mean(self, values: Floats) -> float | None:
        """Return the mean of the values that there are; None where there are none."""
        _, missing, _ = self._seen(values)
        known = values if missing is None else values[~missing]
        return float(known.mean()) if len(known) else None

    def spread(self, values: Floats) -> float | None:
        """Return the standard deviation inside groups: √( Σ (x_i − x̄_g)² / Σ_g (n_g − 1) ).

        Args:
            values: [M] NaN where there is none.

        Returns:
            In the unit of the values; None where no group has two of them.
        """
        (left,), free = self._centred(values)
        return float(np.sqrt((left @ left) / free)) if free else None

    def correlation(self, x: Floats, y: Floats) -> float | None:
        """Return Pearson's correlation inside groups, over the rollouts that have both values.

            Σ (x_i − x̄_g)(y_i − ȳ_g) / √( Σ (x_i − x̄_g)² · Σ (y_i − ȳ_g)² )

        Args:
            x: [M] NaN where there is none.
            y: [M] likewise.

        Returns:
            From -1 to 1; None where one of them is equal in every group.
        """
        (x_left, y_left), _ = self._centred(x, y)
        if not (x_left.any() and y_left.any()):
            return None
        x_square, y_square = x_left @ x_left, y_left @ y_left
        if not (1e-100 < x_square < 1e100 and 1e-100 < y_square < 1e100):  # beyond float64
            x_left, y_left = x_left / np.abs(x_left).max(), y_left / np.abs(y_left).max()
            x_square, y_square = x_left @ x_left, y_left @ y_left
        correlation = (x_left @ y_left) / np.sqrt(x_square * y_square)
        return float(np.clip(correlation, -1.0, 1.0))

    def _centred(self, *columns: Floats) -> tuple[list[Floats], int]:
        """Return what rows with all values differ by from their mean, and Σ_g (n_g − 1)."""
        seen = [self._seen(column) for column in columns]
        missing = [flags for _, flags, _ in seen if flags is not None]
        if not missing:
            return [left for _, _, left in seen], int(self.start[-1]) - len(self.start) + 1
        there = ~np.logical_or.reduce(missing)
        before = np.concatenate([[0], np.cumsum(there)])
        start = np.unique(before[self.start])
        left = [_left(column[there], start) for column in columns]
        return left, int(start[-1]) - len(start) + 1

    def _seen(self, column: Floats) -> tuple[Floats, Flags | None, Floats]:
        """Return a column, where it is missing (None: nowhere), and what is left of its mean."""
        if id(column) not in self.known:
            missing = np.isnan(column)
            some = bool(missing.any())
            left = column if some else _left(column, self.start)
            self.known[id(column)] = column, missing if some else None, left
        return self.known[id(column)]


def _left(values: Floats, start: Ints) -> Floats:
    return values - np.repeat(segment_means(values, start), np.diff(start))


def _differs(groups: Groups, name: str) -> Flags:
    """Return [K] whether what a function adds to the reward differs inside a group.

    A reward that it did not give adds 0, as in the sum.
    """
    scored = groups.rollouts.scored
    added, weight = scored.rewards[name], scored.weights.get(name, 1.0)
    added = added if weight == 1 else added * weight
    added = np.nan_to_num(added) if np.isnan(added).any() else added
    low = np.minimum.reduceat(added, scored.start[:-1])
    high = np.maximum.reduceat(added, scored.start[:-1])
    most = np.maximum(SMALL, np.maximum(np.abs(low), np.abs(high)))
    differs: Flags = high - low > groups.tolerance * most
    return differs

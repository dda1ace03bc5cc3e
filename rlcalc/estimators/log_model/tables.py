"""Tables of counts: what came before (rows) against what followed (columns), drawn at random.

Tables of one shape are drawn together. Nothing of the data but the counts is needed: columns that
are dealt anew to the rows are multivariate hypergeometric draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Flags, Floats, Ints

MOST_NAMES = 8
"""Rows or columns of a table; of more, the rarest are one."""
MOST_VALUES = 16
"""Groups of rewards of a table, of about the same number of steps."""
EXPECTED = 5
"""The least expected count of a table whose statistic is taken for chi-square."""
MANY, RARE = 1000, 0.2
"""Of so many steps, this share of the expected counts may be smaller, down to 1."""
ROWS_OF_NORMAL = 20
"""Steps a row from which the statistic of normal rewards is taken for chi-square."""


@dataclass(frozen=True)
class Tables:
    """M tables of one shape: counts of rows (what came before) and columns (what followed)."""

    number: Ints  # [M] their places among all tables
    count: Ints  # [M, R, C]
    score: Floats | None = None  # [M, C] rewards of the columns, see `scores`; None: names

    @property
    def width(self) -> int:
        """The counts that a draw of one table holds at a time."""
        return int(self.count.shape[2])

    @property
    def cells(self) -> int:
        """The counts that a draw of one table makes."""
        rows, columns = self.count.shape[1:]
        return int(rows * columns)

    @property
    def n(self) -> Ints:
        """[M] steps."""
        return np.asarray(self.count.sum(axis=(1, 2)))

    @property
    def dof(self) -> Ints:
        """[M] degrees of freedom: (R − 1)(C − 1), of rewards R − 1."""
        rows, columns = self.count.shape[1:]
        return np.full(len(self.number), (rows - 1) * (columns - 1 if self.score is None else 1))

    @property
    def dense(self) -> Flags:
        """[M] whether no expected count is small, so that X² is chi-square (Cochran's rule)."""
        expected = self.expected()
        least, rare = expected.min(axis=(1, 2)), (expected < EXPECTED).mean(axis=(1, 2))
        many = (self.n >= MANY) & (least >= 1) & (rare <= RARE)
        return np.asarray((least >= EXPECTED) | many)

    def expected(self) -> Floats:
        """[M, R, C] the counts to be expected if rows and columns have nothing to do."""
        rows, columns = self.count.sum(axis=2), self.count.sum(axis=1)
        total: Floats = rows[:, :, None] * columns[:, None, :] / rows.sum(axis=1)[:, None, None]
        return total

    def effect(self) -> tuple[Floats, Floats]:
        """[M] X² of Pearson and n min(R − 1, C − 1), whose quotient is Cramér's V²; or η²."""
        if self.score is not None:
            return self.statistic(), np.asarray(self.n - 1.0)
        expected, least = self.expected(), min(self.count.shape[1:]) - 1
        squares = ((self.count - expected) ** 2 / expected).sum(axis=(1, 2))
        return np.asarray(squares), np.asarray(self.n * float(least))

    def compared(self) -> Floats:
        """[M] X² (n − 1)/n, whose mean over permutations is that of chi-square; or (n − 1) η²."""
        squares, _ = self.effect()
        return squares if self.score is not None else squares * (self.n - 1) / self.n

    def statistic(self) -> Floats:
        """[M] G² = 2 Σ O ln(O/E); of rewards (n − 1) η²."""
        if self.score is not None:
            between = np.einsum("mrc,mc->mr", self.count, self.score)
            return np.asarray((between**2 / self.count.sum(axis=2)).sum(axis=1))
        logs = 2 * _sum_of_logs(self.count).sum(axis=(1, 2))
        return np.asarray(np.maximum(self._fixed() + logs, 0.0))

    def _fixed(self) -> Floats:
        """[M] the part of G² that follows from the margins."""
        rows, columns = self.count.sum(axis=2), self.count.sum(axis=1)
        sums = _sum_of_logs(rows.sum(axis=1)) - _sum_of_logs(rows).sum(axis=1)
        return np.asarray(2 * (sums - _sum_of_logs(columns).sum(axis=1)))

    def take(self, places: Ints) -> Tables:
        """Return some of the tables."""
        score = None if self.score is None else self.score[places]
        return Tables(self.number[places], self.count[places], score)

    def drawn(self, draws: int, rng: np.random.Generator) -> Floats:
        """Return [M, draws] the statistics of tables with the same margins, drawn at random.

        Source: Patefield (1981) for the distribution; row by row, each of them multivariate
        hypergeometric.
        """
        m, rows, columns = self.count.shape
        size = self.count.sum(axis=2)
        left: Ints = np.repeat(self.count.sum(axis=1)[:, None, :], draws, axis=1)
        total = np.zeros((m, draws))
        for row in range(rows):
            dealt = np.array(left)
            if row < rows - 1:
                need = np.repeat(size[:, row, None], draws, axis=1)
                behind = left.sum(axis=2)
                for column in range(columns - 1):
                    here = left[:, :, column]
                    behind = behind - here
                    dealt[:, :, column] = rng.hypergeometric(here, behind, need)
                    need = need - dealt[:, :, column]
                dealt[:, :, -1] = need
                left = left - dealt
            if self.score is None:
                total += 2 * _sum_of_logs(dealt).sum(axis=2)
            else:
                sums = np.einsum("mdc,mc->md", dealt, self.score)
                total += sums**2 / size[:, row, None]
        return total if self.score is not None else np.maximum(total + self._fixed()[:, None], 0.0)


def _sum_of_logs(count: Ints) -> Floats:
    """Return x ln x of each count; 0 for 0."""
    return np.multiply(count, np.log(np.maximum(count, 1)))


@dataclass(frozen=True)
class NormalTables:
    """M tables of rewards of which only the moments are known; drawn as of normal rewards."""

    number: Ints  # [M] their places among all tables
    n: Ints  # [M] steps
    dof: Ints  # [M] rows less 1
    share: Floats  # [M] η², the share of the rewards' squares that is between the rows

    width, cells = 1, 1

    @property
    def dense(self) -> Flags:
        """[M] whether the statistic is taken for chi-square."""
        return self.n >= ROWS_OF_NORMAL * (self.dof + 1)

    def statistic(self) -> Floats:
        """[M] (n − 1) η²."""
        return (self.n - 1.0) * self.share

    compared = statistic

    def effect(self) -> tuple[Floats, Floats]:
        """[M] the statistic and n − 1, whose quotient is η²."""
        return self.statistic(), np.asarray(self.n - 1.0)

    def take(self, places: Ints) -> NormalTables:
        """Return some of the tables."""
        return NormalTables(
            self.number[places], self.n[places], self.dof[places], self.share[places]
        )

    def drawn(self, draws: int, rng: np.random.Generator) -> Floats:
        """Return [M, draws] the statistics of normal rewards: η² is Beta(dof/2, (n − R)/2)."""
        left = self.n - 1 - self.dof
        shares = rng.beta(self.dof[:, None] / 2, left[:, None] / 2, (len(self.n), draws))
        return np.asarray((self.n[:, None] - 1) * shares)


def tables_of(
    group: Ints, row: Ints, column: Ints, count: Ints, value: Floats | None = None
) -> Iterator[Tables]:
    """Yield the tables of groups that have two rows and two columns or more, shape by shape.

    Args:
        group: [N] the number of the table of each count, from 0.
        row: [N] the code of its row.
        column: [N] the code of its column; not used where there are values.
        count: [N].
        value: [N] rewards, which are the columns then.
    """
    n = int(group.max(initial=-1)) + 1
    rows, n_rows = _by_frequency(group, row, count, n)
    if value is None:
        columns, n_columns = _by_frequency(group, column, count, n)
    else:
        columns, n_columns = _by_value(group, value, count, n)
    testable = (n_rows > 1) & (n_columns > 1)
    shape = np.where(testable, n_rows * 64 + n_columns, 0)
    for code in np.unique(shape[testable]).tolist():
        height, width = divmod(code, 64)
        chosen = np.flatnonzero(shape == code)
        place = np.full(n, -1)
        place[chosen] = np.arange(len(chosen))
        here = place[group] >= 0
        cell = (place[group[here]] * height + rows[here]) * width + columns[here]
        size = len(chosen) * height * width
        counts = np.bincount(cell, count[here], size).astype(np.int64)
        table = counts.reshape(len(chosen), height, width)
        score = None
        if value is not None:
            owner = place[group[here]] * width + columns[here]
            sums = np.bincount(owner, count[here] * value[here], len(chosen) * width)
            of_column = table.sum(axis=1)
            score = scores(sums.reshape(of_column.shape) / of_column, of_column)
        yield Tables(chosen, table, score)


def scores(value: Floats, count: Ints) -> Floats:
    """Return [M, C] rewards less their mean, of a size so that Σ n y² = n − 1.

    Σ_rows (Σ n y)²/n_row is then (n − 1) η², whose mean over all permutations is R − 1.

    Args:
        value: [M, C] the reward of each column.
        count: [M, C] steps of each column.
    """
    n = count.sum(axis=1, keepdims=True)
    apart = value - (value * count).sum(axis=1, keepdims=True) / n
    squares = (apart**2 * count).sum(axis=1, keepdims=True)
    scaled: Floats = np.zeros_like(apart)
    np.divide(apart, np.sqrt(squares / (n - 1)), out=scaled, where=squares > 0)
    return scaled


def _by_frequency(group: Ints, code: Ints, count: Ints, n: int) -> tuple[Ints, Ints]:
    """Return [N] the place of each code in its group, the most frequent first; [n] how many."""
    order = np.lexsort((code, group))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(group[order]) != 0) | (np.diff(code[order]) != 0)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    total = np.bincount(number, count)
    owner, name = group[order][new], code[order][new]
    rank = np.empty(len(owner), dtype=np.int64)
    by_size = np.lexsort((name, -total, owner))
    different = np.bincount(owner, minlength=n)
    start = np.cumsum(different) - different
    rank[by_size] = np.arange(len(owner)) - start[owner[by_size]]
    return np.minimum(rank, MOST_NAMES - 1)[number], np.minimum(different, MOST_NAMES)


def _by_value(group: Ints, value: Floats, count: Ints, n: int) -> tuple[Ints, Ints]:
    """Return [N] the place of each value in its group, equal ones together; [n] how many."""
    order = np.lexsort((value, group))
    owner, size = group[order], count[order]
    total = np.bincount(group, count, n)
    before = np.cumsum(size) - size
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(owner) != 0
    distinct = first.copy()
    distinct[1:] |= np.diff(value[order]) != 0
    before = before[distinct] - np.repeat(before[first], np.bincount(owner[distinct], minlength=n)[
        owner[first]
    ])  # fmt: skip
    part = np.floor(before * MOST_VALUES / total[owner[distinct]]).astype(np.int64)
    few = np.bincount(owner[distinct], minlength=n) <= MOST_VALUES
    new = first[distinct].copy()
    new[1:] |= (np.diff(part) != 0) | few[owner[distinct]][1:]
    running = np.cumsum(new) - 1
    base = np.zeros(n, dtype=np.int64)
    base[owner[first]] = running[first[distinct]]
    local = running - base[owner[distinct]]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = local[np.cumsum(distinct) - 1]
    widest = np.zeros(n, dtype=np.int64)
    np.maximum.at(widest, group, place + 1)
    return place, widest

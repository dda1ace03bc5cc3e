"""Permutations: tests of many small tables of counts, rows against columns, with fixed margins.

Tables of one shape are drawn together. Nothing of the data but the counts is needed: columns that
are dealt anew to the rows are multivariate hypergeometric draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints

MOST_NAMES = 8
"""Rows or columns of a table; of more, the rarest are one."""
MOST_VALUES = 16
"""Groups of rewards of a table, of about the same number of steps."""
EXPECTED = 5
"""The least expected count of a table whose statistic is taken for chi-square."""
MOST_DRAWS = 1 << 22
"""Counts that are drawn at a time: some 32 MB."""
MORE_DRAWS = (9_999, 99_999)
"""Draws for tables whose p must be smaller than a first round can show."""
BUDGET = 200_000_000
"""Counts that further rounds draw."""
TIE = 1 - 1e-9
"""A statistic counts as reached from this share of it on: sums differ in their rounding."""


@dataclass(frozen=True)
class Tables:
    """M tables of one shape: counts of rows (what came before) and columns (what followed)."""

    number: Ints  # [M] their places among all tables
    count: Ints  # [M, R, C]
    score: Floats | None = None  # [M, C] rewards of the columns, less their mean; None: names

    @property
    def dof(self) -> int:
        """Degrees of freedom of each."""
        rows, columns = self.count.shape[1:]
        return int((rows - 1) * (1 if self.score is not None else columns - 1))

    def expected(self) -> Floats:
        """[M, R, C] the counts to be expected if rows and columns have nothing to do."""
        rows, columns = self.count.sum(axis=2), self.count.sum(axis=1)
        total: Floats = rows[:, :, None] * columns[:, None, :] / rows.sum(axis=1)[:, None, None]
        return total

    def pearson(self) -> Floats:
        """[M] X² = Σ (O − E)²/E."""
        expected = self.expected()
        return np.asarray(((self.count - expected) ** 2 / expected).sum(axis=(1, 2)))

    def statistic(self) -> Floats:
        """[M] G² = 2 Σ O ln(O/E); of rewards the sum of squares between the rows."""
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
            mean = sums.reshape(of_column.shape) / of_column
            middle = (mean * of_column).sum(axis=1) / of_column.sum(axis=1)
            score = mean - middle[:, None]
        yield Tables(chosen, table, score)


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


@dataclass(frozen=True)
class TableAnswers:
    """The answers of N tables, and of all of them together."""

    statistic: Floats  # [N] NaN where a table cannot be tested
    p: Floats  # [N]
    total_p: float  # of the sum of the statistics; NaN where nothing can be tested


def chi_square_tail(statistic: Floats | float, dof: Floats | Ints | float) -> Floats:
    """Return P(χ² ≥ statistic)."""
    from scipy.special import gammaincc

    tail: Floats = gammaincc(np.asarray(dof) / 2, np.asarray(statistic) / 2)
    return tail


def p_of_tables(
    several: Sequence[Tables], n: int, draws: int, rng: np.random.Generator
) -> TableAnswers:
    """Return p of each table by permutation, or by chi-square where no expected count is small.

        p = (1 + drawn statistics that are at least as large) / (1 + draws)

    Where so many tables are tested that this cannot be small enough for Holm's correction, those
    that no draw reached are drawn more often.

    Args:
        several: tables by shape, of names alone.
        n: the number of groups.
        draws: tables to draw for each.
        rng: the random numbers.

    Source: Phipson & Smyth (2010), Permutation p-values should never be zero.
    """
    statistic, p = np.full(n, np.nan), np.full(n, np.nan)
    total, dense_dof = np.zeros(draws), 0
    reached = np.zeros(n, dtype=np.int64)
    sparse: list[Tables] = []
    for tables in several:
        statistic[tables.number] = tables.statistic()
        dense = tables.expected().min(axis=(1, 2)) >= EXPECTED
        number = tables.number[dense]
        p[number] = chi_square_tail(statistic[number], tables.dof)
        dense_dof += tables.dof * len(number)
        sparse.append(tables.take(np.flatnonzero(~dense)))
    for tables in sparse:
        for part in _parts(tables, draws):
            drawn = part.drawn(draws, rng)
            total += drawn.sum(axis=0)
            reached[part.number] = _reached(drawn, statistic[part.number])
            p[part.number] = (1 + reached[part.number]) / (1 + draws)
    known = np.isfinite(p)
    whole, n_tables = float(statistic[known].sum()), int(known.sum())
    if any(len(tables.number) for tables in sparse):
        total += rng.chisquare(dense_dof, draws) if dense_dof else 0.0
        total_p = share_reached(total, whole)
    else:
        total_p = float(chi_square_tail(whole, dense_dof)) if n_tables else np.nan
    budget = BUDGET
    for more in MORE_DRAWS:
        if n_tables / (1 + draws) <= SMALL:
            break
        for tables in sparse:
            rare = tables.take(np.flatnonzero(reached[tables.number] < FEW_REACHED))
            for part in _parts(rare, more):
                budget -= part.count.size * more
                if budget < 0:
                    break
                hits = _reached(part.drawn(more, rng), statistic[part.number])
                reached[part.number] = hits
                p[part.number] = (1 + hits) / (1 + more)
        draws = more
    return TableAnswers(statistic, p, total_p)


def share_reached(drawn: Floats, statistic: float) -> float:
    """Return (1 + drawn statistics that are at least as large) / (1 + draws)."""
    return float((1 + (drawn >= TIE * statistic).sum()) / (1 + len(drawn)))


SMALL, FEW_REACHED = 0.01, 10
"""A corrected p should be able to be so small; a table that fewer draws reached is drawn again."""


def _parts(tables: Tables, draws: int) -> Iterator[Tables]:
    columns = tables.count.shape[2]
    size = max(1, MOST_DRAWS // (draws * columns))
    for first in range(0, len(tables.number), size):
        yield tables.take(np.arange(first, min(first + size, len(tables.number))))


def _reached(drawn: Floats, statistic: Floats) -> Ints:
    return np.asarray((drawn >= TIE * statistic[:, None]).sum(axis=1))


def holm(p: Floats) -> Floats:
    """Return p corrected for the number of tests: the k-th smallest times n + 1 − k, rising.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    corrected = np.full(len(p), np.nan)
    factors = len(order) - np.arange(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


def noncentrality(dof: Floats | Ints | int) -> Floats:
    """Return λ of a noncentral χ² that exceeds the 5 % limit with 90 %."""
    from scipy.special import chdtri, chndtrinc

    degrees = np.asarray(dof, dtype=np.float64)
    known: Floats = chndtrinc(chdtri(degrees, LEVEL), degrees, 1 - POWER)
    return known


LEVEL, POWER = 0.05, 0.9


def drawn_sums(
    several: Sequence[Tables], owner: Ints, owners: Ints, draws: int, rng: np.random.Generator
) -> Iterator[tuple[Ints, Floats]]:
    """Yield some owners of tables and [owners, draws] the sums of their tables' drawn statistics.

    Args:
        several: tables by shape.
        owner: [groups] whose each table is.
        owners: [M] rising: those that have a table.
        draws: tables to draw for each.
        rng: the random numbers.
    """
    size = max(1, 4 * MOST_DRAWS // draws)
    for first in range(0, len(owners), size):
        chosen = owners[first : first + size]
        sums = np.zeros((len(chosen), draws))
        for tables in several:
            whose = owner[tables.number]
            here = tables.take(np.flatnonzero((whose >= chosen[0]) & (whose <= chosen[-1])))
            for part in _parts(here, draws):
                np.add.at(sums, np.searchsorted(chosen, owner[part.number]), part.drawn(draws, rng))
        yield chosen, sums

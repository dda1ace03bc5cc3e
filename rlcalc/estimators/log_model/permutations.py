"""Permutations: p of many small tables, and of sums of them, with fixed margins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rlcalc.estimators.log_model.tables import NormalTables, Tables
from rlcalc.numerics.arrays import Floats, Ints

MOST_DRAWS = 1 << 22
"""Counts that are drawn at a time: some 32 MB."""
MORE_DRAWS = (9_999, 99_999)
"""Draws for tests whose p must be smaller than a first round can show."""
BUDGET = 200_000_000
"""Counts that further rounds draw."""
SMALL, FEW_REACHED = 0.01, 10
"""A corrected p should be able to be so small; what fewer draws reached is drawn again."""
TIE = 1 - 1e-9
"""A statistic counts as reached from this share of it on: sums differ in their rounding."""
LEVEL, POWER = 0.05, 0.9

AnyTables = Sequence[Tables | NormalTables]


@dataclass(frozen=True)
class TestSums:
    """N tests, each of the sum of its tables' statistics, and the test of all of them together."""

    __test__ = False  # for pytest, it is no test

    n: Ints  # [N] steps
    g2: Floats  # [N] the sum of the statistics; NaN where nothing can be tested
    dof: Ints  # [N]
    squares: Floats  # [N] of the effects, see `Tables.effect`
    size: Floats  # [N]
    p: Floats  # [N]
    total_p: float  # of the sum of the statistics; NaN where nothing can be tested


def sums_of_tables(
    several: AnyTables, owner: Ints, n: int, draws: int, rng: np.random.Generator
) -> TestSums:
    """Return p of sums of tables: of G² by permutation, of X² by chi-square if no count is small.

        p = (1 + drawn sums that are at least as large) / (1 + draws)

    Where so many are tested that this cannot be small enough for Holm's correction, those that
    hardly a draw reached are drawn more often.

    Args:
        several: tables by shape.
        owner: [tables] the test that each table belongs to.
        n: the number of tests.
        draws: tables to draw for each.
        rng: the random numbers.

    Source: Phipson & Smyth (2010), Permutation p-values should never be zero.
    """
    g2, statistic, squares, size = (np.zeros(n) for _ in range(4))
    steps, dof, dense_dof = (np.zeros(n, dtype=np.int64) for _ in range(3))
    sparse: list[Tables | NormalTables] = []
    for tables in several:
        test, dense = owner[tables.number], tables.dense
        own = tables.statistic()
        for sums, part in zip(
            (g2, statistic, squares, size, steps, dof, dense_dof),
            (
                own,
                np.where(dense, tables.compared(), own),
                *tables.effect(),
                tables.n,
                tables.dof,
                tables.dof * dense,
            ),
            strict=True,
        ):
            np.add.at(sums, test, part)
        sparse.append(tables.take(np.flatnonzero(~dense)))
    p = np.where(dof > 0, chi_square_tail(statistic, np.maximum(dof, 1)), np.nan)
    drawn_tests = np.unique(np.concatenate([owner[t.number] for t in sparse] or [dof[:0]]))
    total, reached = np.zeros(draws), np.zeros(n, dtype=np.int64)
    for tests, drawn in _drawn_sums(sparse, owner, drawn_tests, dense_dof, draws, rng):
        total += drawn.sum(axis=0)
        reached[tests] = _reached(drawn, statistic[tests])
        p[tests] = (1 + reached[tests]) / (1 + draws)
    known = np.flatnonzero(dof > 0)
    whole = float(statistic[known].sum())
    if len(drawn_tests):
        other = int(np.delete(dof, drawn_tests).sum())
        total += rng.chisquare(other, draws) if other else 0.0
        total_p = (1 + int((total >= TIE * whole).sum())) / (1 + draws)
    else:
        total_p = float(chi_square_tail(whole, dof.sum())) if len(known) else np.nan
    cost = np.zeros(n)
    for tables in sparse:
        np.add.at(cost, owner[tables.number], tables.cells)
    for more in MORE_DRAWS:
        rare = drawn_tests[reached[drawn_tests] < FEW_REACHED]
        if len(known) / (1 + draws) <= SMALL or cost[rare].sum() * more > BUDGET:
            break
        for tests, drawn in _drawn_sums(sparse, owner, rare, dense_dof, more, rng):
            reached[tests] = _reached(drawn, statistic[tests])
            p[tests] = (1 + reached[tests]) / (1 + more)
        draws = more
    return TestSums(steps, np.where(dof > 0, g2, np.nan), dof, squares, size, p, total_p)


def _drawn_sums(
    several: AnyTables,
    owner: Ints,
    tests: Ints,
    dense_dof: Ints,
    draws: int,
    rng: np.random.Generator,
) -> Iterator[tuple[Ints, Floats]]:
    """Yield some tests and [tests, draws] the sums of the statistics that are drawn for them.

    Args:
        several: the tables that are drawn, by shape.
        owner: [tables] the test of each.
        tests: [M] rising: those that have such a table.
        dense_dof: [tests] degrees of freedom of their tables that are chi-square.
        draws: tables to draw for each.
        rng: the random numbers.
    """
    size = max(1, 4 * MOST_DRAWS // draws)
    for first in range(0, len(tests), size):
        chosen = tests[first : first + size]
        sums = np.zeros((len(chosen), draws))
        for tables in several:
            here = tables.take(np.flatnonzero(np.isin(owner[tables.number], chosen)))
            at_once = max(1, MOST_DRAWS // (draws * here.width))
            for begin in range(0, len(here.number), at_once):
                part = here.take(np.arange(begin, min(begin + at_once, len(here.number))))
                places = np.searchsorted(chosen, owner[part.number])
                np.add.at(sums, places, part.drawn(draws, rng))
        mixed = np.flatnonzero(dense_dof[chosen])
        if len(mixed):
            sums[mixed] += rng.chisquare(dense_dof[chosen[mixed], None], (len(mixed), draws))
        yield chosen, sums


def _reached(drawn: Floats, statistic: Floats) -> Ints:
    return np.asarray((drawn >= TIE * statistic[:, None]).sum(axis=1))


def chi_square_tail(statistic: Floats | float, dof: Floats | Ints | int) -> Floats:
    """Return P(χ² ≥ statistic)."""
    from scipy.special import gammaincc

    tail: Floats = gammaincc(np.asarray(dof) / 2, np.asarray(statistic) / 2)
    return tail


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

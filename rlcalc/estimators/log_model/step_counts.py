"""Step counts: steps that are alike in some codes, counted, with their rewards; counts merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints, differs_from_previous, segment_sums, stable_order

FEW_BITS = 32
"""Bits of a code, such as those of a reward, from which on it is numbered without its gaps."""
RADIX_BITS = 48
"""Bits of a key up to which sorting it by 16 bits at a time is the fastest."""


@dataclass(frozen=True)
class CountedSteps:
    """Steps that are alike in every code, one row each, in rising order of the codes."""

    codes: tuple[Ints, ...]  # [N] each: state, action, next state and the like
    count: Ints  # [N]
    mean: Floats  # [N] of the rewards
    squares: Floats  # [N] Σ (r − mean)², exactly 0 where all rewards are equal

    @classmethod
    def of(cls, codes: Sequence[Ints], reward: Floats) -> CountedSteps:
        """Return the counts of single steps.

        Args:
            codes: [T] each.
            reward: [T].
        """
        ones, zeros = np.ones(len(reward), dtype=np.int64), np.zeros(len(reward))
        return cls(tuple(codes), ones, reward, zeros).grouped(*range(len(codes)), runs=False)

    def __len__(self) -> int:
        return len(self.count)

    def grouped(self, *kept: int, runs: bool = True) -> CountedSteps:
        """Return the counts of steps that are alike in some of the codes.

            m = m₁ + Σ n_i (m_i − m₁) / Σ n_i        squares = Σ [squares_i + n_i (m_i − m)²]

        Args:
            *kept: the places of these codes.
            runs: whether the rows are a few sorted runs.

        Source: Chan, Golub & LeVeque (1979).
        """
        codes = [self.codes[place] for place in kept]
        order = _order(codes, runs=runs)
        codes = [code[order] for code in codes]
        count, mean, squares = self.count[order], self.mean[order], self.squares[order]
        new = np.zeros(len(order), dtype=bool)
        for code in codes:
            new |= differs_from_previous(code)
        if not codes:
            new[:1] = True
        first = np.flatnonzero(new)
        edge, group = np.append(first, len(order)), np.cumsum(new) - 1
        total = segment_sums(count, edge)
        middle = mean[first] + segment_sums(count * (mean - mean[first][group]), edge) / total
        apart = squares + count * (mean - middle[group]) ** 2
        return CountedSteps(
            tuple(code[first] for code in codes), total, middle, segment_sums(apart, edge)
        )

    def take(self, rows: Ints) -> CountedSteps:
        """Return some rows."""
        codes = tuple(code[rows] for code in self.codes)
        return CountedSteps(codes, self.count[rows], self.mean[rows], self.squares[rows])

    def beside(self, later: CountedSteps) -> CountedSteps:
        """Return the rows of both, one after the other; they may be alike, and out of order."""
        pairs = zip(self.codes, later.codes, strict=True)
        return CountedSteps(
            tuple(np.concatenate(pair) for pair in pairs),
            np.concatenate([self.count, later.count]),
            np.concatenate([self.mean, later.mean]),
            np.concatenate([self.squares, later.squares]),
        )


def _order(codes: Sequence[Ints], *, runs: bool) -> Ints:
    """Return what sorts rows by their codes, the first code first; equal rows stay in order.

    Args:
        codes: [N] each.
        runs: they are a few sorted runs, which are merged.
    """
    if not len(codes) or not len(codes[0]):
        return np.arange(len(codes[0]) if len(codes) else 0)
    low = [int(code.min()) for code in codes]
    bits = [(int(code.max()) - least).bit_length() for code, least in zip(codes, low, strict=True)]
    if sum(bits) > 62:
        if max(bits) <= FEW_BITS:
            return np.lexsort(tuple(reversed(codes)))
        return _order([_compact(code) for code in codes], runs=runs)
    key = np.zeros(len(codes[0]), dtype=np.int64)
    for code, least, width in zip(codes, low, bits, strict=True):
        key = key << width | (code - least)
    if runs or sum(bits) > RADIX_BITS:
        return np.argsort(key, kind="stable")
    return stable_order(key, 1 << sum(bits))


def _compact(code: Ints) -> Ints:
    """Return a code without the gaps between its numbers, if they are wide."""
    if (int(code.max()) - int(code.min())).bit_length() <= FEW_BITS:
        return code
    return np.unique(code, return_inverse=True)[1]


@dataclass(frozen=True)
class StepCounts:
    """Counts of steps, as sorted runs that merge once they have grown alike."""

    runs: tuple[CountedSteps, ...]

    def merge(self, later: StepCounts) -> StepCounts:
        """Return the counts of both."""
        runs = [*self.runs, *later.runs]
        while len(runs) > 1 and len(runs[-2]) < 2 * len(runs[-1]):
            two, one = runs.pop(), runs.pop()
            runs.append(_merged(one, two))
        return StepCounts(tuple(runs))

    @cached_property
    def total(self) -> CountedSteps:
        """All runs together."""
        runs = list(self.runs)
        while len(runs) > 1:
            two, one = runs.pop(), runs.pop()
            runs.append(_merged(one, two))
        return runs[0]


def _merged(one: CountedSteps, two: CountedSteps) -> CountedSteps:
    return one.beside(two).grouped(*range(len(one.codes)))

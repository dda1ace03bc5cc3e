"""maj@k: the chance that the most frequent of k answers is right, without bias."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.numerics.arrays import Flags, Floats, Ints

CELLS = 1 << 22
"""Numbers in memory at a time."""
MOST = 64
"""The largest k that is worked out where a group has more than k rollouts."""


def majority_at_k(answer: NDArray[Any], right: Flags, start: Ints, ks: Sequence[int]) -> Floats:
    """Return the chance that the most frequent answer of k rollouts is right.

    The mean over all draws of k rollouts of a group; of the answers that are equally frequent in a
    draw each counts alike. If a judge found an answer right in some rollouts of a group and wrong
    in others, it is right by that share.

        maj@k = Σ_a P(a is the most frequent) · (right rollouts with a) / (rollouts with a)

    Args:
        answer: [M] equal numbers are equal answers.
        right: [M] whether each is right.
        start: [K + 1] where the groups begin, and the end; none is empty.
        ks: the values of k, J of them.

    Returns:
        [J, K] chances; NaN where n < k, and where MOST < k < n.
    """
    size = np.diff(start)
    n_right = np.add.reduceat(right, start[:-1], dtype=np.int64)
    chance = np.where(size >= np.array(ks)[:, None], n_right / size, np.nan)
    mixed = (n_right > 0) & (n_right < size)
    of, times, share = _answers(answer, right, start, mixed)
    number = np.bincount(of, minlength=len(size))  # answers of each group
    first = np.concatenate([[0], np.cumsum(number)])
    for n_answers in np.flatnonzero(np.bincount(number[mixed])).tolist():
        groups = np.flatnonzero(mixed & (number == n_answers))
        places = first[groups][:, None] + np.arange(n_answers)
        patterns, which = distinct_rows(times[places])
        for row, k in enumerate(ks):
            won = _in_parts(patterns, k)[which]
            chance[row, groups] = np.minimum((won * share[places]).sum(axis=1), 1.0)
    return chance


def _answers(
    answer: NDArray[Any], right: Flags, start: Ints, mixed: Flags
) -> tuple[Ints, Ints, Floats]:
    """Return the answers of the groups that are mixed, the most frequent of each group first.

    Returns:
        [V] the group, [V] how often the answer is there, and [V] the share in which it is right.
    """
    size = np.diff(start)
    rows = np.flatnonzero(np.repeat(mixed, size))
    group, answer, right = np.repeat(np.arange(len(size)), size)[rows], answer[rows], right[rows]
    order = np.lexsort([answer, group])  # which keeps the groups where they are
    ranked = answer[order]
    new = (group[1:] != group[:-1]) | (ranked[1:] != ranked[:-1])
    edge = np.concatenate([[0], np.flatnonzero(new) + 1])[: len(rows)]
    times = np.diff(np.append(edge, len(rows)))
    share = np.add.reduceat(right[order].astype(np.float64), edge) / times if len(rows) else times
    of = group[edge]
    order = np.lexsort([-times, of])
    return of, times[order], share[order]


def distinct_rows(rows: Ints) -> tuple[Ints, Ints]:
    """Return the different rows of a matrix, and which of them each row is."""
    weight = np.random.default_rng(0).integers(1, 2**62, rows.shape[1])
    _, place, which = np.unique(rows @ weight, return_index=True, return_inverse=True)
    if np.array_equal(rows[place][which], rows):  # no two have one sum by chance
        return rows[place], which
    patterns, which = np.unique(rows, axis=0, return_inverse=True)
    return patterns, which.reshape(-1)


def _in_parts(patterns: Ints, k: int) -> Floats:
    """Return [P, B] what `winning_chances` does; NaN where that is too much work."""
    size = patterns.sum(axis=1)
    won = np.full(patterns.shape, np.nan)
    every = size == k
    if every.any():  # there is one draw
        best = patterns[every] == patterns[every][:, :1]
        won[every] = best / best.sum(axis=1)[:, None]
    several = np.flatnonzero((size > k) & (k <= MOST))
    step = max(1, CELLS // (k * k * patterns.shape[1]))
    for begin in range(0, len(several), step):
        part = several[begin : begin + step]
        won[part] = winning_chances(patterns[part], k)
    return won


def winning_chances(times: Ints, k: int) -> Floats:
    """Return the chance of each answer to be the most frequent one in a draw, ties shared.

    An answer a of m wins with j of the k if no other has more, and then by 1/(t + 1) if t others
    have j too. The counts in a draw are binomial ones given their sum k: so the chance is a product
    of binomial weights of the others, added up by their sum and by t.

    Args:
        times: [P, B] how often each answer is in the group, descending; the sum is more than k.
        k: rollouts in a draw.

    Returns:
        [P, B] chances; each row adds up to 1.
    """
    size = times.sum(axis=1)
    rate = k / size
    won = np.zeros(times.shape)
    whole = _weight(size, k, rate)
    for j in range(1, min(k, int(times[:, 0].max())) + 1):
        for place in range(times.shape[1]):
            # equal counts have equal chances: the first of them stands for all
            first = times[:, place] >= j
            if place:
                same = times[:, place] == times[:, place - 1]
                first &= ~same
            chosen = np.flatnonzero(first)
            if not len(chosen):
                continue
            others = np.delete(times[chosen], place, axis=1)
            tied = _by_ties(others, j, k - j, rate[chosen])
            shared = tied @ (1.0 / np.arange(1, tied.shape[1] + 1))
            own = _weight(times[chosen, place], j, rate[chosen])
            won[chosen, place] += own * shared / whole[chosen]
    for place in range(1, times.shape[1]):
        same = times[:, place] == times[:, place - 1]
        won[same, place] = won[same, place - 1]
    return won


def _by_ties(others: Ints, j: int, left: int, rate: Floats) -> Floats:
    """Return [P, T + 1] the weight of draws of `left` from the others, none more than j, t with j.

    Args:
        others: [P, B] how often each is there.
        j: the most that one may have.
        left: how many are drawn of all of them.
        rate: [P] of the binomial weights.
    """
    few = np.where(others < j, others, 0).sum(axis=1)  # these never have j: one lot
    most = left // j
    weight = np.zeros((len(others), most + 1, left + 1))
    for i in range(left + 1):
        weight[:, 0, i] = _weight(few, i, rate)
    for place in range(others.shape[1]):
        rows = np.flatnonzero(others[:, place] >= j)
        if not len(rows):
            continue
        before, m = weight[rows], others[rows, place]
        after = np.zeros_like(before)
        for i in range(min(j - 1, left) + 1):
            part = _weight(m, i, rate[rows])[:, None, None]
            after[:, :, i:] += part * before[:, :, : left + 1 - i]
        if j <= left:
            part = _weight(m, j, rate[rows])[:, None, None]
            after[:, 1:, j:] += part * before[:, :-1, : left + 1 - j]
        weight[rows] = after
    tied: Floats = weight[:, :, left]
    return tied


def _weight(m: Ints, i: int, rate: Floats) -> Floats:
    """Return C(m, i) p^i (1 − p)^(m − i), and 0 where i > m."""
    chance = np.exp(m * np.log1p(-rate))
    odds = rate / (1 - rate)
    for step in range(i):
        chance = chance * (odds * np.maximum(m - step, 0) / (step + 1))
    return chance

"""Convergence: the Monte Carlo V of each state after the first 1, 2, 3, 4, 6, 8, ... trajectories.

The summaries of the parts between two such numbers merge, so that one pass over the data is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, count

import numpy as np

from rlcalc.estimators.monte_carlo import (
    Engine,
    ValueSummary,
    facts_of_summary,
    require_steps,
    state_estimates,
    summarise_trajectories,
)
from rlcalc.estimators.request import require_known
from rlcalc.estimators.truncation import n_trajectories, pieces_with_truncation
from rlcalc.estimators.visits import Visit
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Result
from rlcalc.trajectories import Experience, Trajectories


def convergence(
    experience: Experience,
    gamma: float | None = None,
    visit: Visit = "first",
    truncated: str = "keep",
    confidence: float = 0.95,
    engine: Engine = map,
) -> Result:
    """Return V̂ of each state from the first n trajectories, for n that rise by a factor of √2.

        V̂_n(s) = mean of G_t over the visits to s in the trajectories 1 to n

    A row is what `monte_carlo.estimate` gives of these trajectories alone, up to rounding.

    Args:
        experience: trajectories, read once, piece by piece.
        gamma: as in `monte_carlo.estimate`, as all the others.
        visit: `first` or `every`.
        truncated: `keep`, `drop`, `bootstrap` or `cut[:tolerance]`.
        confidence: of the intervals.
        engine: runs the work on each piece.

    Returns:
        Columns trajectories, state, n, v and its error and interval: the states that are met in
        the first 1, 2, 3, 4, 6, ... trajectories, and at last in all of them.

    Raises:
        UsageError: as in `monte_carlo.estimate`.
        InputError: as in `monte_carlo.estimate`.

    Source: Sutton & Barto (2018), section 5.1.
    """
    require_known(visit, "v", confidence)
    pieces, discount, truncation = pieces_with_truncation(experience, gamma, truncated)
    work = partial(summarise_trajectories, gamma=discount, visit=visit, truncation=truncation)
    total: ValueSummary | None = None
    rows: list[Row] = []
    following = checkpoints()
    checkpoint = next(following)
    for part in engine(work, cut_at_checkpoints(pieces)):
        total = part if total is None else total.merge(part)
        n = n_trajectories(total.ends)
        if n == checkpoint:
            rows += _estimates(n, total, confidence)
            checkpoint = next(following)
    experience.require_one_gamma(gamma, discount)
    total = require_steps(total)
    if not rows or rows[-1][0] != n:
        rows += _estimates(n, total, confidence)
    number, key, visits, values = zip(*rows, strict=True)
    v, error, low, high = (np.concatenate(part) for part in zip(*values, strict=True))
    return Result(
        command="estimate",
        title=f"Convergence of V, {visit}-visit Monte Carlo",
        columns={
            "trajectories": Column(np.repeat(number, list(map(len, key))), "key"),
            "state": Column(experience.states.named(np.concatenate(key)), "key"),
            "n": Column(np.concatenate(visits), "count"),
            "v": Column(v, symbol="V\u0302"),
            "v_se": Column(error, "error"),
            "v_low": Column(low, "bound"),
            "v_high": Column(high, "bound"),
        },
        facts={
            **facts_of_summary(total, experience, visit, discount, confidence),
            **truncation.facts(total.ends),
            "left_out": dict(experience.left_out),
            "oddities": dict(experience.oddities),
        },
        notes=[*experience.notes, *truncation.warnings(total.ends)],
    )


def checkpoints() -> Iterator[int]:
    """Yield 1, 2, 3, 4, 6, 8, 11, 16, ...: the powers of √2, rounded."""
    before = 0
    for power in count():
        number = round(2 ** (power / 2))
        if number > before:
            yield number
        before = number


def cut_at_checkpoints(pieces: Iterable[Trajectories]) -> Iterator[Trajectories]:
    """Yield the same trajectories in parts that do not go across a checkpoint."""
    following, before = checkpoints(), 0
    checkpoint = next(following)
    for piece in pieces:
        edges = [0]
        while checkpoint < before + len(piece):
            edges.append(checkpoint - before)
            checkpoint = next(following)
        for first, last in zip(edges, chain(edges[1:], [len(piece)]), strict=True):
            yield piece.cut(first, last)
        before += len(piece)
        if checkpoint == before:
            checkpoint = next(following)


Row = tuple[int, Ints, Ints, list[Floats]]


def _estimates(n: int, summary: ValueSummary, confidence: float) -> list[Row]:
    """Return n, and the number, visits, V̂, error and limits of each state, if there are any."""
    if not len(summary.states.key):
        return []
    moments, intervals = state_estimates(summary, confidence)
    values = [moments.mean, moments.standard_error(), intervals.low, intervals.high]
    return [(n, moments.key, moments.count, values)]

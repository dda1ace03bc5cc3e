"""Halves of a log: the even and the odd episodes are counted apart, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from rlcalc.estimators.certainty_equivalence import numbered
from rlcalc.estimators.passes import Passes
from rlcalc.estimators.request import Engine
from rlcalc.estimators.transitions import CountedTransitions, TransitionSummary
from rlcalc.numerics.merge import merged
from rlcalc.trajectories import Trajectories


class Halves:
    """The summaries of the even and of the odd episodes, while all of them are counted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.summaries: list[TransitionSummary | None] = [None, None]

    def __call__(self, work: Any, pieces: Iterable[Trajectories]) -> Iterator[TransitionSummary]:
        """Run the work on both halves of every piece, and yield the summary of both together."""
        self.summaries = [None, None]

        def both(piece_number: tuple[int, Trajectories]) -> list[TransitionSummary | None]:
            before, piece = piece_number
            odd = (before + np.arange(len(piece))) % 2 == 1
            return [work(piece.select(chosen)) if chosen.any() else None for chosen in (~odd, odd)]

        for parts in self._engine(both, numbered(pieces)):
            for half, part in enumerate(parts):
                before = self.summaries[half]
                if part is not None:
                    self.summaries[half] = part if before is None else before.merge(part)
            whole = merged([part for part in parts if part is not None])
            assert whole is not None
            yield whole


def counted_log(
    passes: Passes, gamma: float | None, truncated: str, engine: Engine
) -> tuple[CountedTransitions, list[TransitionSummary | None]]:
    """Return the transitions of a log, and the summaries of both halves of its episodes.

    Raises:
        UsageError: the policy for truncated trajectories does not apply.
        InputError: gamma is not in 0..1, or no step is left.
    """
    halves = Halves(engine)
    counted = CountedTransitions.of(passes, gamma, truncated, halves)
    return counted, halves.summaries

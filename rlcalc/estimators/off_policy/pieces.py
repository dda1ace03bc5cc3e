"""Pieces of a log with what came before them, and the check of its probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.estimators.advantages.critic_steps import row_of
from rlcalc.estimators.passes import Passes
from rlcalc.numerics.arrays import Floats
from rlcalc.trajectories import Trajectories


@dataclass(frozen=True)
class Piece:
    """A piece of a log, and what came before it."""

    trajectories: Trajectories
    before: int  # trajectories before it
    steps_before: int

    @classmethod
    def of_pass(cls, passes: Passes) -> Iterator[Piece]:
        """Yield the pieces of another pass."""
        before = steps = 0
        for piece in passes.pieces():
            yield cls(piece, before, steps)
            before += len(piece)
            steps += piece.n_steps


def refuse_impossible(chance: Floats, batch: Trajectories, piece: Piece) -> None:
    """Refuse steps whose action has a behaviour probability that is not above 0.

    Raises:
        InputError: there is one.
    """
    wrong = ~((chance > 0) & np.isfinite(chance))
    if wrong.any():
        step = int(wrong.argmax())
        what = (
            ""
            if len(batch.actions) == 0
            else (
                f" {shown(batch.actions.texts[batch.action[step]])} in state "
                f"{shown(batch.states.texts[batch.state[step]])}"
            )
        )
        raise InputError(
            f"the action{what} was taken, but its behaviour probability is {chance[step]:g}",
            f"row {row_of(batch, step, piece.steps_before)}",
            "correct the probability, or estimate it from the log: --behaviour counts",
        )

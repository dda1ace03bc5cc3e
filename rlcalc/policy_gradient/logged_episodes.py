"""Logged episodes: trajectories of a file or of memory, with the model's state and action codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.estimators.passes import is_repeatable
from rlcalc.labels import Labels
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Codes
from rlcalc.trajectories import Experience, Trajectories


@dataclass(frozen=True)
class LoggedEpisodes:
    """Trajectories to estimate from, which may be needed more than once."""

    load: Callable[[], Experience]
    repeatable: bool  # loading again gives the same; else the batches are kept

    @classmethod
    def of(cls, source: Any, load: Callable[[Any], Experience]) -> LoggedEpisodes:
        """Return the episodes of a source: paths, or an object with trajectories."""
        return cls(partial(load, source), is_repeatable(source))


def with_model_codes(experience: Experience, mdp: MDP) -> Iterator[Trajectories]:
    """Yield trajectories with the model's codes of states and actions.

    Raises:
        InputError: the model lacks a state or an action, or a step is incomplete.
    """
    for piece in experience.pieces():
        yield recoded_piece(piece, mdp)


def recoded_piece(piece: Trajectories, mdp: MDP) -> Trajectories:
    """Return trajectories with the model's codes of states and actions.

    Raises:
        InputError: the model lacks a state or an action, or a step is incomplete.
    """
    if not piece.complete():
        raise InputError(
            "a step lacks its state, action or reward", fix="fill it in, or leave the step out"
        )
    return replace(
        piece,
        state=_model_codes("state", piece.states, mdp.states)[piece.state],
        action=_model_codes("action", piece.actions, mdp.actions)[piece.action],
        states=mdp.states,
        actions=mdp.actions,
        last_state=None,
    )


def _model_codes(noun: str, labels: Labels, known: Labels) -> Codes:
    """Return the model's code of each label.

    Raises:
        InputError: the model lacks one; states at the ends of episodes count too.
    """
    unknown = next((text for text in labels.texts if text not in known), None)
    if unknown is not None:
        guess = meant(unknown, known.texts)
        raise InputError(
            f"the model has no {noun} {shown(unknown)}",
            fix=f"{guess}give trajectories of this model, which has {listed(known.texts)}",
        )
    return np.array([known.code(text) for text in labels.texts], dtype=np.int32)

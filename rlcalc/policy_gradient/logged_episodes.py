"""Episodes from elsewhere, told in the model's own numbers of states and actions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.labels import Labels
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Codes
from rlcalc.trajectories import Experience, Trajectories


@dataclass(frozen=True)
class LoggedEpisodes:
    """Trajectories to estimate from, which may have to be looked at more than once."""

    load: Callable[[], Experience]
    lasts: bool  # loading again gives the same; else what is read is held

    @classmethod
    def of(cls, source: Any, load: Callable[[Any], Experience]) -> LoggedEpisodes:
        """Return the data of a source: a path, several, or what holds trajectories."""
        return cls(partial(load, source), _lasts(source))


def _lasts(source: Any) -> bool:
    if isinstance(source, list | tuple):
        return all(map(_lasts, source))
    if isinstance(source, str | os.PathLike):
        is_pipe = os.path.exists(source) and not (os.path.isfile(source) or os.path.isdir(source))
        return os.fspath(source) != "-" and not is_pipe
    return not isinstance(source, Experience)


def recoded(experience: Experience, mdp: MDP) -> Iterator[Trajectories]:
    """Yield trajectories with the model's numbers of states and actions.

    Raises:
        InputError: a state or an action is none of the model's.
    """
    for piece in experience.pieces():
        if not piece.complete():
            raise InputError("a step lacks its state, action or reward", fix="leave it out")
        yield replace(
            piece,
            state=_known("state", piece.states, mdp.states)[piece.state],
            action=_known("action", piece.actions, mdp.actions)[piece.action],
            states=mdp.states,
            actions=mdp.actions,
            last_state=None,
        )


def _known(what: str, seen: Labels, known: Labels) -> Codes:
    """Return the model's number of each label.

    Raises:
        InputError: one is none of the model's; ends of episodes count too.
    """
    strange = next((text for text in seen.texts if text not in known), None)
    if strange is not None:
        guess = meant(strange, known.texts)
        raise InputError(
            f"the model has no {what} {shown(strange)}",
            fix=f"{guess}give trajectories of this model, which has {listed(known.texts)}",
        )
    return np.array([known.code(text) for text in seen.texts], dtype=np.int32)

"""Passes: experience that is gone through several times, from memory or by reading it again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from rlcalc.errors import InputError
from rlcalc.trajectories import Experience, Trajectories

MOST_STEPS = 1 << 22
"""Steps up to which batches are kept although the source can be read again: some 200 MB."""


class Passes:
    """Experience whose batches are kept while they are few, and read again where they are many.

    What cannot be read again, as a pipe, is kept whole.
    """

    def __init__(self, experience: Experience, again: Callable[[], Experience] | None) -> None:
        self.experience = experience
        self._again = again
        self._kept: list[Trajectories] | None = []
        self._complete = False
        experience.batches = self._keep(experience.batches)

    def _keep(self, batches: Iterator[Trajectories]) -> Iterator[Trajectories]:
        steps = 0
        for batch in batches:
            steps += batch.n_steps
            if self._again is not None and steps > MOST_STEPS:
                self._kept = None
            if self._kept is not None:
                self._kept.append(batch)
            yield batch
        self._complete = True

    def experience_again(self) -> Experience:
        """Return the experience for a pass: the first one goes through `experience` itself."""
        if not self._complete:
            return self.experience
        return replace(self.experience, batches=self.pieces())

    def pieces(self) -> Iterator[Trajectories]:
        """Yield the pieces of another pass, after the first one.

        Raises:
            InputError: the source is no longer the same.
        """
        assert self._complete
        first = self.experience
        if self._kept is not None:
            yield from Experience(iter(self._kept), first.states, first.actions).pieces()
            return
        assert self._again is not None
        later = self._again()
        yield from later.pieces()
        if (later.states.texts, later.actions.texts) != (first.states.texts, first.actions.texts):
            raise InputError(
                "the source changed while it was read twice",
                fix="wait until it is written, or read a copy",
            )


def is_repeatable(source: Any) -> bool:
    """Return whether loading a source once more gives the same: not a pipe, nor an `Experience`."""
    if isinstance(source, list | tuple):
        return all(map(is_repeatable, source))
    if isinstance(source, str | os.PathLike):
        is_pipe = os.path.exists(source) and not (os.path.isfile(source) or os.path.isdir(source))
        return os.fspath(source) != "-" and not is_pipe
    return not isinstance(source, Experience)

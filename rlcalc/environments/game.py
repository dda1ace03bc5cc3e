"""The protocol of a game: a world that simulates itself, and has no table of its transitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rlcalc.labels import Labels
    from rlcalc.trajectories import Trajectories


class Game(Protocol):
    """A world without a table of its transitions: it can be simulated, but not solved."""

    name: str
    gamma: float | None
    states: Labels
    actions: Labels
    policies: tuple[str, ...]  # that it can be simulated with
    why: str  # the reason that there is no table, for messages

    def play(
        self, n: int, seed: int, policy: Any, max_steps: int | None, group: int, *, with_prob: bool
    ) -> Iterator[Trajectories]:
        """Yield n episodes in batches.

        Args:
            n: episodes.
            seed: of the random numbers.
            policy: one of `policies`, or a function if they name `function`.
            max_steps: cut an episode after so many steps; None: the world's own limit.
            group: so many successive episodes share a start state.
            with_prob: with the probability of each action.
        """
